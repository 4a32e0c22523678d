#include "tests/strategies_commands/strategies_command.hpp"

namespace regent::strategies::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* closes =
    "date,A,B\n2020-01-01,100,50\n2020-01-02,110,50\n2020-01-03,121,45\n2020-01-06,121,45\n2020-01-07,121,"
    "45\n";

TEST_F(StrategiesCommand, WeightsEarnFromTheBarAfterTheDecisionOnAndAreHeldBetweenDecisions) {
  write("closes.csv", closes);
  write("weights.csv", "date,A,B,regime\n2020-01-01,0.5,-0.5,calm\n2020-01-03,0,0,chaos\n");
  const auto outcome =
      run("backtest", "closes.csv --weights weights.csv --fee 0 --slippage 0 --json --equity equity.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  // bought at 110 and 50, the period after earns +10 % of a half and −(−10 %) of a half
  EXPECT_NEAR(json["total_return"].get<double>(), 0.10, 1e-12);
  EXPECT_NEAR(json["equal_weights_held"]["total_return"].get<double>(), 0, 1e-12);
  EXPECT_EQ(json["decisions"], 2);
  EXPECT_EQ(json["periods"], 3);
  EXPECT_EQ(json["fill"], "next-close");
  EXPECT_EQ(json["labels"], nlohmann::json({"calm", "chaos"}));
  EXPECT_EQ(json["regimes"][0]["periods"], 2) << "the decision after the third bar is filled at the fourth";
  EXPECT_THAT(bytes_of("equity.csv"), HasSubstr("2020-01-03"));
  // a fee of 1 % of all that is traded: 1 of the equity in, 1.1/1.1 out at the end
  const auto dear = run("backtest", "closes.csv --weights weights.csv --fee 0.01 --slippage 0 --json").json();
  EXPECT_NEAR(dear["total_return"].get<double>(), 1.1 - 0.01 - 0.01 * (0.55 + 0.45) - 1, 1e-12);
  EXPECT_THAT(run("backtest", "closes.csv --weights weights.csv").out,
              AllOf(HasSubstr("equal weights held"), HasSubstr("calm"), HasSubstr("2020")));
}

TEST_F(StrategiesCommand, WeightsThatCannotBeFilledAndARuinedAccountAreTold) {
  write("gap.csv",
        "date,A,B\n2020-01-01,100,50\n2020-01-02,100,\n2020-01-03,100,60\n2020-01-06,400,60\n"
        "2020-01-07,400,60\n2020-01-08,400,60\n");
  write("weights.csv", "date,A,B\n2020-01-01,0,1\n2020-01-07,0,1\n");
  const auto outcome = run("backtest", "gap.csv --weights weights.csv --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["unfilled_weights"], 1);
  EXPECT_EQ(outcome.json()["decisions"], 1);
  EXPECT_EQ(outcome.json()["decisions_too_late"], 1);
  EXPECT_EQ(outcome.json()["total_return"], 0);
  EXPECT_THAT(run("backtest", "gap.csv --weights weights.csv").out,
              AllOf(HasSubstr("1 weight had no price at the bar of its fill"),
                    HasSubstr("1 decision at the end of the data was not filled")));
  write("weights.csv", "date,A,B\n2020-01-01,-1,0\n");
  const auto ruined = run("backtest", "gap.csv --weights weights.csv --json");
  EXPECT_EQ(ruined.json()["total_return"], -1);
  EXPECT_EQ(ruined.json()["ruined"], true);
  EXPECT_THAT(run("backtest", "gap.csv --weights weights.csv").out,
              HasSubstr("ruined in the period that ends 2020-01-06"));
}

TEST_F(StrategiesCommand, NoCommandWritesOntoItsBars) {
  write_bars("bars.csv", 300, 1);
  const std::string before = bytes_of("bars.csv");
  EXPECT_THAT(run("sweep", "bars.csv --out bars.csv").err, HasSubstr("files names the same file"));
  EXPECT_THAT(run("sweep", "--data bars.csv --out ./bars.csv").err, HasSubstr("--data names the same file"));
  EXPECT_THAT(run("backtest", "bars.csv --equity bars.csv").err, HasSubstr("files names the same file"));
  EXPECT_THAT(run("backtest", "bars.csv --equity e.csv --trades e.csv").err,
              HasSubstr("names the same file"));
  write("regent.toml", "[data]\nfiles = [\"bars.csv\"]\n");
  EXPECT_THAT(run("sweep", "--out bars.csv").err, HasSubstr("data.files names the same file"));
  std::filesystem::create_directory(path("p"));
  EXPECT_THAT(run("sweep", "bars.csv --plots p --out p/sweep.parquet").err,
              HasSubstr("--plots names the same file"));
  EXPECT_THAT(run("backtest", "bars.csv --plots p --trades p/equity.parquet").err,
              HasSubstr("--plots names the same file"));
  EXPECT_EQ(bytes_of("bars.csv"), before);
}

TEST_F(StrategiesCommand, WhatIsWrongInTheDataIsToldOnStandardError) {
  write("odd.csv",
        "date,open,high,low,close,adj_close\n2020-01-01,10,10,10,10,5\n2020-01-02,10,10,10,abc,5\n"
        "2020-01-03,10,10,10,10,5\n2020-01-06,10,10,10,10,5\n2020-01-07,10,10,10,10,5\n");
  const auto outcome = run("backtest", "odd.csv --fast 1 --slow 2 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("odd.csv:3 close = abc"), HasSubstr("adj_close is ignored")));
  EXPECT_THAT(run("backtest", "odd.csv --fast 1 --slow 2 --adjusted").err, Not(HasSubstr("is ignored")));
}

TEST_F(StrategiesCommand, WrongWeightsAreRefusedByRowAndColumn) {
  write("closes.csv", closes);
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"date,A,B\n2020-01-01,0.5,\n", "line 2, column B: a weight is missing"},
      {"date,A,B\n2020-01-04,0.5,0\n", "line 2, column date: '2020-01-04' is no bar of the data"},
      {"date,A,B\n2020-01-02,0.5,0\n2020-01-02,0,0\n", "line 3, column date: '2020-01-02' is not later"},
      {"date,A\n2020-01-01,0.5\n", "no column for B"},
      {"date,A,B,BB\n2020-01-01,0.5,0,0\n", "column 'BB' is no symbol of the data"},
      {"A,B\n0.5,0\n", "need a column of times"},
      {"date,A,B\n", "no row"},
      {"date,A,B\n2020-01-06,0.5,0\n", "needs two bars after it"}};
  for (const auto& [text, complaint] : wrong) {
    write("weights.csv", text);
    const auto outcome = run("backtest", "closes.csv --weights weights.csv --equity equity.csv");
    EXPECT_EQ(outcome.code, 2) << text;
    EXPECT_THAT(outcome.err, HasSubstr(complaint)) << text;
    EXPECT_FALSE(std::filesystem::exists(path("equity.csv"))) << text;
  }
  write("weights.csv", "date,A,B\n2020-01-01,0.5,0\n");
  EXPECT_THAT(run("backtest", "closes.csv --weights weights.csv --strategy macd").err,
              HasSubstr("excludes --weights"));
  EXPECT_THAT(run("backtest", "closes.csv --weights weights.csv --fast 3").err,
              HasSubstr("--fast is a strategy's"));
  EXPECT_THAT(run("backtest", "closes.csv --weights weights.csv --trades t.csv").err,
              HasSubstr("no list of trades"));
}

}  // namespace
}  // namespace regent::strategies::test
