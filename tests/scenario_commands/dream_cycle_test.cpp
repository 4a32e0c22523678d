// regent dream --every as people run it: again and again, as bars come.

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/atomic_file.hpp"
#include "market/csv_panel.hpp"
#include "market/io/series_file.hpp"
#include "market/synthetic.hpp"
#include "tests/base/command_test.hpp"

namespace regent::scenario {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* fall_at_once =
    "[[stress]]\nname = \"crash\"\nkind = \"crisis\"\nat = 3\nmoves = [-0.3]\n";

class DreamCycle : public regent::test::CommandTest {
 protected:
  void SetUp() override {
    write("crash.toml", fall_at_once);
    put_bars(300);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // The first so many bars of one market, put in place at once.
  void put_bars(std::size_t bars) const {
    const auto all =
        market::make_synthetic_market({.symbols = 2, .bars = 400, .seed = 5, .ohlcv = false}).panel;
    const fs::path file = folder_ / "later.csv";
    market::write_csv_panel(all, file);
    std::istringstream lines(read_file(file));
    std::string line, text;
    for (std::size_t i = 0; i <= bars && std::getline(lines, line); ++i) text += line + '\n';
    write_file_atomically(folder_ / "panel.csv", text);
  }
  ProcessResult run(std::vector<std::string> more) const {
    std::vector<std::string> arguments{REGENT_DREAM_PROGRAM,
                                       "--data",
                                       path("panel.csv"),
                                       "--steps",
                                       "20",
                                       "--scenarios",
                                       scenarios_,
                                       "--stresses",
                                       path("crash.toml"),
                                       "--macros",
                                       "2",
                                       "--micros",
                                       "1",
                                       "--device",
                                       "cpu",
                                       "--no-plots"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_process(arguments, 120'000);
  }
  ProcessResult cycles(const std::string& count, const std::string& every = "0.2s") const {
    return run({"--out", path("dreams"), "--every", every, "--cycles", count});
  }
  std::vector<std::string> dreams() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "dreams"))
      if (entry.is_directory()) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  std::vector<std::string> timeline(const std::string& column) const {
    return market::read_series(path("dreams/timeline.csv")).find(column)->texts;
  }
  std::string scenarios_ = "200";
  void wait_for(const std::string& name) const {
    for (int i = 0; i < 6000 && !fs::exists(folder_ / name); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
};

TEST_F(DreamCycle, ADreamOfEveryEndOfTheDataHasAFolderAndRowsInOrder) {
  put_bars(320);  // the later one first
  ASSERT_EQ(cycles("1").exit_code, 0);
  put_bars(300);
  const ProcessResult second = cycles("1");
  ASSERT_EQ(second.exit_code, 0) << second.standard_error;
  const std::vector<std::string> names = dreams();
  ASSERT_EQ(names.size(), 2U);
  EXPECT_THAT(second.standard_output, HasSubstr(names[0]));
  const auto times = timeline("time");
  EXPECT_THAT(timeline("scenario"), ElementsAre("baseline", "crash", "baseline", "crash"));
  EXPECT_THAT(times, ElementsAre(names[0], names[0], names[1], names[1]));  // of days: no colons to leave out
  EXPECT_LT(times[0], times[2]);
}

TEST_F(DreamCycle, RowsSayWhatTheReportsSay) {
  ASSERT_EQ(cycles("1").exit_code, 0);
  const auto report = nlohmann::json::parse(bytes_of("dreams/" + dreams().front() + "/report.json"));
  for (std::size_t s = 0; s < 2; ++s) {
    const auto& stress = report["stresses"][s];
    EXPECT_EQ(std::stod(timeline("robust")[s]), stress["robust"]["share"].get<double>());
    EXPECT_EQ(std::stod(timeline("robust_low")[s]), stress["robust"]["band"][0].get<double>());
    EXPECT_EQ(std::stod(timeline("robust_high")[s]), stress["robust"]["band"][1].get<double>());
    EXPECT_EQ(std::stod(timeline("profit_mean")[s]), stress["mean"].get<double>());
    EXPECT_EQ(std::stod(timeline("value_at_risk_99")[s]), stress["risk"][1]["value_at_risk"].get<double>());
    EXPECT_EQ(std::stod(timeline("expected_shortfall_99")[s]),
              stress["risk"][1]["expected_shortfall"].get<double>());
    EXPECT_EQ(std::stod(timeline("drawdown_95")[s]), stress["drawdown_95"].get<double>());
    EXPECT_EQ(std::stod(timeline("ruined")[s]), stress["ruined"]["share"].get<double>());
  }
  const auto model = nlohmann::json::parse(bytes_of("dreams/" + dreams().front() + "/model.json"));
  const auto now = model["now"].get<std::vector<double>>();
  const auto most = std::ranges::max_element(now) - now.begin();
  EXPECT_EQ(timeline("regime")[0], model["regimes"][most]);
  EXPECT_EQ(std::stod(timeline("regime_probability")[0]), now[most]);
  EXPECT_EQ(bytes_of("dreams/metrics.prom"), bytes_of("dreams/" + dreams().front() + "/metrics.prom"));
}

TEST_F(DreamCycle, WithoutNewBarsNothingIsDreamedAgain) {
  ASSERT_EQ(cycles("1").exit_code, 0);
  const std::string before = bytes_of("dreams/timeline.csv");
  const ProcessResult again = cycles("2");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.standard_output, "");
  EXPECT_THAT(again.standard_error, HasSubstr("no bars after"));
  EXPECT_EQ(bytes_of("dreams/timeline.csv"), before);
  // a row that was not written any more when the process ended is added from what is there
  fs::remove(folder_ / "dreams/timeline.csv");
  EXPECT_EQ(cycles("1").exit_code, 0);
  EXPECT_EQ(bytes_of("dreams/timeline.csv"), before);
}

TEST_F(DreamCycle, MorePathsOfTheSameBarsTakeTheirRowsPlace) {
  ASSERT_EQ(cycles("1").exit_code, 0);
  const std::vector<std::string> before = timeline("robust_low");
  scenarios_ = "400";
  const ProcessResult more = cycles("1");
  ASSERT_EQ(more.exit_code, 0) << more.standard_error;
  EXPECT_THAT(timeline("scenario"), ElementsAre("baseline", "crash"));
  EXPECT_NE(timeline("robust_low"), before);
}

TEST_F(DreamCycle, AFileThatCannotBeReadForAWhileEndsNothing) {
  std::thread downloader([&] {
    wait_for("dreams/metrics.prom");  // the first dream is whole
    write_file_atomically(folder_ / "panel.csv", "timestamp,symbol,close\n2020-01-01,A,");
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    put_bars(310);
  });
  std::thread ender([&] {
    for (int i = 0; i < 6000 && (!fs::exists(folder_ / "dreams") || dreams().size() < 2); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  const ProcessResult done = cycles("12", "0.5s");
  downloader.join();
  ender.join();
  EXPECT_EQ(done.exit_code, 0) << done.standard_error;
  EXPECT_THAT(done.standard_error, HasSubstr("tried again in 0.5s"));
  EXPECT_EQ(dreams().size(), 2U) << done.standard_error;
}

TEST_F(DreamCycle, TheFirstDreamsErrorsEndIt) {
  write("panel.csv", "timestamp,symbol,close\n2020-01-01,A,");
  const ProcessResult done = cycles("3");
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_ / "dreams"));
}

TEST_F(DreamCycle, OneTimelineIsOfOnePortfolioAndItsCosts) {
  ASSERT_EQ(cycles("1").exit_code, 0);
  const ProcessResult other =
      run({"--out", path("dreams"), "--every", "1s", "--cycles", "1", "--fee", "0.01"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.standard_error, HasSubstr("holds dreams of other settings"));
  // a dream of its own is none of a timeline
  ASSERT_EQ(run({"--out", path("single")}).exit_code, 0);
  const ProcessResult single = run({"--out", path("single"), "--every", "1s", "--cycles", "1"});
  EXPECT_EQ(single.exit_code, 2);
  EXPECT_THAT(single.standard_error, HasSubstr("holds no dreams of --every"));
}

TEST_F(DreamCycle, DrawsTheTimeline) {
  if (!regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow")) GTEST_SKIP() << "no matplotlib";
  for (const std::size_t bars : {300, 310}) {
    put_bars(bars);
    const ProcessResult done = run_process(
        {REGENT_DREAM_PROGRAM, "--data", path("panel.csv"), "--source", "replay", "--steps", "20", "--device",
         "cpu", "--scenarios", "16", "--every", "1s", "--cycles", "1", "--out", path("dreams")},
        280'000);
    ASSERT_EQ(done.exit_code, 0) << done.standard_error;
    EXPECT_TRUE(fs::exists(folder_ / "dreams/dream_timeline.png"));  // of one dream, and without regimes
  }
}

TEST_F(DreamCycle, FlagsThatSayNothingAreRefused) {
  const auto error_of = [&](const std::vector<std::string>& more) {
    const ProcessResult done = run(more);
    EXPECT_EQ(done.exit_code, 2) << done.standard_output;
    return done.standard_error;
  };
  EXPECT_THAT(error_of({"--every", "1h"}), HasSubstr("--out FOLDER"));
  EXPECT_THAT(error_of({"--cycles", "2", "--out", path("dreams")}), HasSubstr("--every"));
  EXPECT_THAT(error_of({"--every", "1h", "--cycles", "0", "--out", path("dreams")}), HasSubstr("--cycles 0"));
  EXPECT_THAT(error_of({"--every", "soon", "--out", path("dreams")}), HasSubstr("--every soon"));
  EXPECT_THAT(error_of({"--every", "1h", "--out", path("dreams"), "--calibration", path("none.json")}),
              HasSubstr("none.json is not there"));
  EXPECT_FALSE(fs::exists(folder_ / "dreams"));
}

// Limits that only drawdowns pass, and that only ruins do.
TEST_F(DreamCycle, RobustPathsAreCountedFromTheirDrawdownsAndRuins) {
  for (const auto& [limit, ruin] : {std::pair{"0.04", "0"}, std::pair{"0.5", "0.75"}}) {
    fs::remove_all(folder_ / "single");
    const ProcessResult done = run({"--out", path("single"), "--drawdown-limit", limit, "--ruin", ruin});
    ASSERT_EQ(done.exit_code, 0) << done.standard_error;
    const market::SeriesTable table = market::read_series(path("single/dream.parquet"));
    const auto drawdown = market::numbers_of(table, *table.find("drawdown_max")),
               ruined = market::numbers_of(table, *table.find("ruin_step"));
    const auto& scenarios = table.find("scenario")->texts;
    const auto report = nlohmann::json::parse(bytes_of("single/report.json"));
    double sum = 0;
    for (const char* name : {"baseline", "crash"}) {
      double robust = 0, paths = 0;
      for (std::size_t i = 0; i < scenarios.size(); ++i) {
        paths += scenarios[i] == name ? 1 : 0;
        robust += scenarios[i] == name && drawdown[i] <= std::stod(limit) && !(ruined[i] >= 0) ? 1 : 0;
      }
      const auto& stress = report["stresses"][std::string(name) == "crash" ? 1 : 0];
      EXPECT_DOUBLE_EQ(stress["robust"]["share"].get<double>(), robust / paths) << name << ' ' << limit;
      sum += robust / paths;
    }
    EXPECT_DOUBLE_EQ(report["robustness"]["mean"].get<double>(), sum / 2);
    EXPECT_EQ(report["robustness"]["least_in"], "crash");
    EXPECT_GT(report["stresses"][0]["robust"]["share"].get<double>(), 0.1);
    EXPECT_LT(report["robustness"]["least"].get<double>(), 0.01);  // −30 % at once
    EXPECT_THAT(bytes_of("single/metrics.prom"), HasSubstr("regent_dream_robustness{scenario=\"crash\"}"));
  }
}

}  // namespace
}  // namespace regent::scenario
