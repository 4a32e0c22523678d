// regent data as people run it.

#include <gmock/gmock.h>

#include <cmath>

#include "market/synthetic.hpp"
#include "scratch.hpp"
#include "tests/base/command_test.hpp"

namespace regent::market::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

using regent::test::Outcome;

class DataCommand : public Scratch {
 protected:
  Outcome run(const std::string& arguments) const {
    return regent::test::run_in(folder_.path(), REGENT_DATA_PROGRAM " " + arguments);
  }
  void write_good() const {
    write("good.csv",
          "date,AAPL,MSFT\n2020-01-02,10,20\n2020-01-03,11,\n2020-01-06,9.9,22\n2020-01-07,12,21\n");
  }
};

TEST_F(DataCommand, ImportsAndReadsBackTheSame) {
  write_good();
  const auto imported = run("import good.csv --out good.parquet");
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out,
              AllOf(HasSubstr("2020-01-02 to 2020-01-07"), HasSubstr("1 × not a number, kept as missing"),
                    HasSubstr("good.csv:3 MSFT"), HasSubstr("wrote good.parquet")));
  EXPECT_THAT(imported.out, Not(HasSubstr("\033["))) << "colours into a pipe";
  const auto described = run("describe good.parquet --json");
  ASSERT_EQ(described.code, 0) << described.err;
  const auto value = json::parse(described.out);
  EXPECT_EQ(value["bars"], 4);
  EXPECT_EQ(value["fingerprint"], read(path("good.csv")).fingerprint());
  EXPECT_EQ(value["symbols"][1]["missing"], 1);
  EXPECT_NEAR(value["symbols"][0]["worst_return"].get<double>(), -0.1, 1e-12);
  EXPECT_EQ(value["symbols"][0]["worst_time"], "2020-01-06");
  EXPECT_NEAR(value["symbols"][0]["drawdown_max"].get<double>(), 0.1, 1e-12);
  EXPECT_THAT(value["features"].get<std::vector<std::string>>(), Contains("rsi_14"));
  EXPECT_THAT(value["features_left_out"].get<std::vector<std::string>>(),
              Contains("atr_14: needs high, low"));
}

TEST_F(DataCommand, MakesLongerBarsAndSaysWhichIsNotOver) {
  std::string text = "time,close\n";
  for (int hour = 0; hour < 60; ++hour) {
    text += std::to_string(1704067200 + hour * 3600) + "," + std::to_string(hour + 1) + "\n";  // 2024-01-01
  }
  write("A.csv", text);
  const auto imported = run("import A.csv --timeframe 1d --out days.csv");
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("2 bars of 1 day"), HasSubstr("wrote days.csv")));
  EXPECT_THAT(imported.err, HasSubstr("the bar of 2024-01-03 is not over"));
  const auto described = run("describe days.csv --json");
  const auto value = json::parse(described.out);
  EXPECT_EQ(value["last"], "2024-01-02");
  EXPECT_EQ(value["symbols"][0]["annual_return"].is_number(), false);
  EXPECT_NEAR(read(path("days.csv")).at(Column::close, 1, 0), 48, 0);
  const auto later = run("describe A.csv --timeframe 6h --from 2024-01-02 --json");
  EXPECT_EQ(json::parse(later.out)["bars"], 6);
  const auto week = run("describe A.csv --timeframe 1d --to 2024-01-02 --json");
  EXPECT_EQ(json::parse(week.out)["bars"], 2) << "--to is looked at first";
  EXPECT_THAT(week.err, Not(HasSubstr("is not over")));
  for (const auto& [step, reason] : {std::pair{"7h", "is no step of bars"},
                                     {"30m", "ends after the longer bar"},
                                     {"1w", "do not fill one such bar"}}) {
    const auto refused = run(std::string("describe A.csv --timeframe ") + step);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("--timeframe"), HasSubstr(reason)));
  }
}

TEST_F(DataCommand, CountsASymbolsYearByItsOwnBars) {
  Panel panel;
  panel.symbols = {"COIN", "STOCK"};  // one trades every day, the other on weekdays
  auto& closes = panel.columns[static_cast<std::size_t>(Column::close)];
  double coin = 100, stock = 100;
  for (int day = 0; day < 700; ++day) {
    panel.timestamps_ms.push_back(parse_timestamp("2020-01-06") + day * day_ms);
    closes.push_back(coin *= std::pow(1.2, 1 / 365.25));
    closes.push_back(day % 7 < 5 ? stock *= std::pow(1.1, 1 / 252.0) : std::nan(""));
  }
  write_panel(panel, path("mixed.parquet"));
  const auto outcome = run("describe mixed.parquet --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto value = json::parse(outcome.out);
  EXPECT_NEAR(value["symbols"][0]["annual_return"].get<double>(), 0.2, 1e-9);
  EXPECT_NEAR(value["symbols"][1]["annual_return"].get<double>(), 0.1, 1e-9);
}

TEST_F(DataCommand, GivesEqualWeightsTheMoveOfASymbolThatWasAway) {
  write("turns.csv", "date,A,B\n2020-01-01,1,\n2020-01-02,,1\n2020-01-03,1.1,\n2020-01-04,,0.9\n");
  const auto outcome = run("describe turns.csv --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NEAR(json::parse(outcome.out)["equal_weight"]["drawdown_max"].get<double>(), 0.1, 1e-12);
}

TEST_F(DataCommand, KeepsTheNamedSymbolsAndDays) {
  write_good();
  const auto outcome =
      run("import good.csv --out part.parquet --symbols MSFT --from 2020-01-03 --to 2020-01-06 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out)["panel"]["bars"], 1);
  const Panel part = read(path("part.parquet"));
  EXPECT_EQ(part.symbols, std::vector<std::string>{"MSFT"});
  EXPECT_EQ(part.bars(), 1U) << "MSFT has no close on 2020-01-03";
  EXPECT_EQ(part.at(Column::close, 0, 0), 22);
  const auto nobody = run("check good.csv --symbols MFST");
  EXPECT_EQ(nobody.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("did you mean 'MSFT'"));
  EXPECT_EQ(run("check good.csv --from 2021-01-01").code, 2);
  EXPECT_THAT(run("check good.csv --from soon").err, HasSubstr("--from"));
}

TEST_F(DataCommand, ChecksWithoutWritingAndExitsWith2WhenRejected) {
  write("bad.csv", "date,A\n2020-01-02,10\n2020-01-03,-1\n");
  const auto rejected = run("check bad.csv");
  EXPECT_EQ(rejected.code, 2);
  EXPECT_THAT(rejected.err,
              AllOf(HasSubstr("bad.csv, line 3, column A: -1"), HasSubstr("data.on_non_positive")));
  EXPECT_THAT(rejected.out, HasSubstr("1 × non-positive price, rejected"));
  const auto as_json = run("check bad.csv --json");
  EXPECT_EQ(as_json.code, 2);
  EXPECT_EQ(json::parse(as_json.out)["accepted"], false);
  EXPECT_EQ(json::parse(as_json.out)["import"]["findings"][0]["row"], 3);
  EXPECT_EQ(run("import bad.csv --out bad.parquet").code, 2);
  EXPECT_FALSE(std::filesystem::exists(path("bad.parquet")));
  const auto repaired = run("check bad.csv --set data.on_non_positive=missing");
  EXPECT_EQ(repaired.code, 0) << repaired.err;
  EXPECT_THAT(repaired.out, HasSubstr("accepted"));
}

TEST_F(DataCommand, NeedsFilesAndKnowsItsFlags) {
  EXPECT_EQ(run("check").code, 2);
  EXPECT_EQ(run("import x.csv").code, 2);
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("check --no-such-flag x.csv").code, 2);
  EXPECT_EQ(run("--help").code, 0);
  write_good();
  write("regent.toml", "[data]\nfiles = [\"good.csv\"]\n");
  EXPECT_EQ(run("check").code, 0);
}

TEST_F(DataCommand, LooksAtTheNameToWriteBeforeItReadsAnything) {
  const auto outcome = run("import not_there.csv --out bars.txt");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--out bars.txt"), HasSubstr(".parquet")));
}

TEST_F(DataCommand, LeavesTheOldFileWhenTheNewOneCannotBeWritten) {
  write_good();
  std::filesystem::create_directory(path("taken.parquet"));
  const auto outcome = run("import good.csv --out taken.parquet");
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(std::filesystem::is_directory(path("taken.parquet")));
}

}  // namespace
}  // namespace regent::market::test
