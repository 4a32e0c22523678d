// regent allocate as people run it.

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <random>
#include <sstream>

#include "tests/base/command_test.hpp"

namespace regent::allocation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* names[] = {"A", "B", "C", "D"};

class Allocate : public regent::test::CommandTest {
 protected:
  // Daily closes of four walks with one common factor; `shock` multiplies the prices from bar `from` on.
  void write_closes(const std::string& name, int bars, int from = 1 << 30, double shock = 1) const {
    std::mt19937 random(11);
    std::normal_distribution<double> normal;
    std::ostringstream text;
    text.precision(17);
    text << "timestamp,A,B,C,D\n";
    double prices[] = {100, 50, 20, 10};
    for (int bar = 0; bar < bars; ++bar) {
      const double market = normal(random);
      text << 1'577'836'800'000 + bar * 86'400'000LL;
      for (int i = 0; i < 4; ++i) {
        prices[i] *= std::exp(0.005 * (i + 1) * (0.7 * market + normal(random)));
        text << ',' << prices[i] * (bar >= from && i == 1 ? shock : 1);
      }
      text << '\n';
    }
    write(name, text.str());
  }
  regent::test::Outcome run(const std::string& arguments, const std::string& program = "allocate") const {
    return regent::test::run_in(folder_.path(), REGENT_PROGRAMS "/regent-" + program + " " + arguments);
  }
};

TEST_F(Allocate, MetricsSayWhatTheJsonSays) {
  write_closes("closes.csv", 200);
  const auto outcome = run("closes.csv --json --metrics weights.prom");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  std::istringstream lines(bytes_of("weights.prom"));
  std::map<std::string, double> values;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#'))
      values[line.substr(0, line.rfind(' '))] = std::stod(line.substr(line.rfind(' ')));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string symbol = std::string("{symbol=\"") + names[i] + "\"}";
    EXPECT_NEAR(values.at("regent_allocate_weight" + symbol), json["weights"][i]["weight"].get<double>(),
                1e-11);
    EXPECT_NEAR(values.at("regent_allocate_risk_share" + symbol), json["risk"]["by_asset"][i].get<double>(),
                1e-11);
  }
  EXPECT_NEAR(values.at("regent_allocate_gross"), json["gross"].get<double>(), 1e-11);
  EXPECT_NEAR(values.at("regent_allocate_volatility_predicted"), json["predicted_volatility"].get<double>(),
              1e-11);
  EXPECT_NEAR(values.at("regent_allocate_expected_shortfall_99"),
              json["risk"]["tails"][1]["historical_es"].get<double>(), 1e-11);
  EXPECT_EQ(values.at("regent_allocate_bar_timestamp_seconds"), 1'577'836'800 + 199 * 86'400LL);
  const auto wrong = run("closes.csv --metrics closes.csv");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--metrics"));
  EXPECT_THAT(bytes_of("closes.csv"), HasSubstr("timestamp,A,B,C,D"));
}

TEST_F(Allocate, PrintsWeightsOfTheTargetVolatilityAndSharesThatSumToOne) {
  write_closes("closes.csv", 200);
  const auto outcome = run("closes.csv --json --position-max 5 --gross-max 9 --target-volatility 0.15");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["method"], "eigen-risk");
  EXPECT_NEAR(json["predicted_volatility"].get<double>(), 0.15, 1e-12);
  EXPECT_NEAR(json["risk"]["annual_volatility"].get<double>(), 0.15, 1e-9);
  double assets = 0, modes = 0;
  for (const double share : json["risk"]["by_asset"]) assets += share;
  for (const double share : json["risk"]["by_mode"]) modes += share;
  EXPECT_NEAR(assets, 1, 1e-12);
  EXPECT_NEAR(modes, 1, 1e-12);
  EXPECT_EQ(json["weights"].size(), 4U);
  EXPECT_GT(json["risk"]["tails"][1]["historical_es"].get<double>(), 0);
  EXPECT_THAT(run("closes.csv").out, AllOf(HasSubstr("share of variance"), HasSubstr("effective bets"),
                                           HasSubstr("VaR, past"), HasSubstr("caps:")));
}

TEST_F(Allocate, WritesWeightsThatBacktestTradesToTheSameReturns) {
  write_closes("closes.csv", 220);
  const std::string costs = " --fee 0.001 --slippage 0.0005";
  const auto outcome =
      run("closes.csv --walk-forward --every 5 --compare equal --out weights.parquet --json" + costs);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto own = outcome.json()["walk_forward"][0];
  const auto traded = run("closes.csv --weights weights.parquet --json" + costs, "backtest");
  ASSERT_EQ(traded.code, 0) << traded.err;
  EXPECT_NEAR(traded.json()["annual_volatility"].get<double>(), own["annual_volatility"].get<double>(),
              1e-12);
  EXPECT_NEAR(traded.json()["annual_return"].get<double>(), own["annual_return"].get<double>(), 1e-12);
  EXPECT_NEAR(traded.json()["turnover"].get<double>(), own["turnover"].get<double>(), 1e-9);
}

TEST_F(Allocate, WeightsUpToABarAreTheSameWhateverComesAfterIt) {
  write_closes("one.csv", 200);
  write_closes("two.csv", 200, 180, 3);
  for (const char* name : {"one", "two"}) {
    const auto outcome = run(std::string(name) + ".csv --walk-forward --every 4 --compare \"\" --out " +
                             name + "_weights.csv");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  std::istringstream one(bytes_of("one_weights.csv")), two(bytes_of("two_weights.csv"));
  std::string left, right;
  int same = 0;
  while (std::getline(one, left) && std::getline(two, right) && left == right) ++same;
  EXPECT_EQ(same, 1 + 14) << "the header, and the decisions after bars 126, 130, … 178";
}

TEST_F(Allocate, TakesConvictionsAndRegimesOfFiles) {
  write_closes("closes.csv", 150);
  write("convictions.csv", "symbol,conviction\nA,1\nB,-0.5\nC,0\n");
  const std::string free =
      "closes.csv --json --method volatility --position-max 9 --gross-max 9 --derisk-from 1 ";
  const auto plain = run(free + "--convictions convictions.csv").json();
  EXPECT_GT(plain["weights"][0]["weight"].get<double>(), 0);
  EXPECT_LT(plain["weights"][1]["weight"].get<double>(), 0);
  EXPECT_EQ(plain["weights"][2]["weight"], 0);
  EXPECT_EQ(plain["weights"][2].contains("absent"), false);
  EXPECT_EQ(plain["weights"][3]["absent"], "no conviction");
  write("regimes.csv", "date,regime\n2020-01-01,calm\n2020-05-01,chaos\n");
  const auto calm = run(free + "--convictions convictions.csv --regimes regimes.csv --regime-risk calm=0.1");
  EXPECT_NEAR(calm.json()["predicted_volatility"].get<double>(), 0.10, 1e-12) << "it is chaos at the end";
  const auto chaos =
      run(free + "--convictions convictions.csv --regimes regimes.csv --regime-risk chaos=0.25");
  EXPECT_EQ(chaos.json()["regime"], "chaos");
  EXPECT_NEAR(chaos.json()["predicted_volatility"].get<double>(), 0.025, 1e-12);
}

TEST_F(Allocate, TakesSettingsOfTheConfigurationUnlessAFlagSaysOtherwise) {
  write_closes("closes.csv", 150);
  write("regent.toml",
        "[allocator]\ntarget_volatility = 0.05\nposition_max = 9\ngross_max = 9\nderisk_from = 1.0\n");
  EXPECT_NEAR(run("closes.csv --json").json()["predicted_volatility"].get<double>(), 0.05, 1e-12);
  EXPECT_NEAR(run("closes.csv --json --target-volatility 0.2").json()["predicted_volatility"].get<double>(),
              0.2, 1e-12);
}

TEST_F(Allocate, RefusesWhatItCannotUseAndWritesNothing) {
  write_closes("closes.csv", 200);
  write("strange.csv", "date,A,Z\n2020-01-01,1,1\n");
  write("large.csv", "symbol,conviction\nA,1.5\n");
  write("back.csv", "date,A\n2020-02-01,1\n2020-01-01,1\n");
  write("none.csv", "A,B\n1,1\n");
  write("regimes.csv", "date,regime\n2020-01-01,calm\n2020-05-01,chaos\n");
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"closes.csv --method eigenrisk", "--method eigenrisk is unknown, did you mean"},
      {"closes.csv --covariance wolf", "--covariance wolf is unknown"},
      {"closes.csv --walk-forward --compare equl", "--compare equl is unknown"},
      {"closes.csv --covariance oas --window 1", "--window 1"},
      {"closes.csv --window 20", "--window is for --covariance sample"},
      {"closes.csv --covariance oas --warmup 20", "--warmup is for --covariance ewma; oas has --window"},
      {"closes.csv --covariance oas --window -1", "--window -1: 2 returns or more"},
      {"closes.csv --walk-forward --every 0", "--every 0"},
      {"closes.csv --walk-forward --every -1", "--every -1: it must be 1 bar or more"},
      {"closes.csv --walk-forward --fee nan", "--fee nan: a number is needed"},
      {"closes.csv --walk-forward --compare equal,equal", "--compare: equal stands twice"},
      {"closes.csv --calibration 5", "--calibration is for --walk-forward"},
      {"closes.csv --turnover-penalty 1", "--turnover-penalty is for --walk-forward"},
      {"closes.csv --method equal --no-hedges", "--no-hedges is for eigen-risk"},
      {"closes.csv --walk-forward --method equal --compare volatility --no-hedges", "--no-hedges is for"},
      {"closes.csv --compare equal", "--compare requires --walk-forward"},
      {"closes.csv --regime-risk chaos=0.5", "--regime-risk is for --regimes FILE"},
      {"closes.csv --regimes regimes.csv --regime-risk choas=0.5",
       "--regime-risk choas: the file has no such regime, did you mean 'chaos'?; it has calm, chaos"},
      {"closes.csv --derisk-from 1.5", "allocator.derisk_from"},
      {"closes.csv --regime-risk chaos", "chaos=0.5"},
      {"closes.csv --regime-risk chaos=2", "\"chaos=2\""},
      {"closes.csv --warmup 300", "200 bars are too few: 301"},
      {"closes.csv --covariance oas --window 250", "200 bars are too few: 251"},
      {"closes.csv --convictions strange.csv", "'Z' is no symbol of the data"},
      {"closes.csv --convictions large.csv", "large.csv, line 2, column conviction: 1.5"},
      {"closes.csv --convictions back.csv", "line 3, column date: '2020-01-01' is not later"},
      {"closes.csv --convictions none.csv", "column of times"},
      {"closes.csv --convictions nowhere.csv", "nowhere.csv"},
      {"closes.csv --walk-forward --fee -1", "--fee"},
      {"closes.csv --walk-forward --fee 5", "--fee"},
      {"closes.csv --walk-forward --slippage 0.2", "--slippage"}};
  for (const auto& [arguments, complaint] : wrong) {
    const auto outcome = run(arguments + " --out weights.csv");
    EXPECT_EQ(outcome.code, 2) << arguments << '\n' << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(complaint)) << arguments;
    EXPECT_FALSE(std::filesystem::exists(path("weights.csv"))) << arguments;
  }
}

TEST_F(Allocate, DrawsWeightsRiskVolatilityAndTheCovariance) {
  if (!regent::test::can_draw(REGENT_SOURCE_FOLDER, "matplotlib, pyarrow")) GTEST_SKIP() << "no matplotlib";
  write_closes("closes.csv", 260);
  const auto outcome = run("closes.csv --walk-forward --compare equal --plots pictures/");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"weights", "risk", "volatility", "cov_matrix", "eigen_spectrum"}) {
    EXPECT_GT(std::filesystem::file_size(path("pictures/" + std::string(name) + ".png")), 5000U) << name;
  }
  EXPECT_THAT(outcome.out, HasSubstr("drew 5 pictures in pictures: weights.png, risk.png, volatility.png, "
                                     "cov_matrix.png, eigen_spectrum.png\n"));
  const auto alone = run("closes.csv --symbols A --plots pictures/");
  ASSERT_EQ(alone.code, 0) << alone.err;
  EXPECT_THAT(alone.out, HasSubstr("drew 2 pictures in pictures: weights.png, risk.png\n"));
  for (const char* name : {"volatility", "cov_matrix", "eigen_spectrum"}) {
    EXPECT_FALSE(std::filesystem::exists(path("pictures/" + std::string(name) + ".png")))
        << name << ".png is another run's";
  }
}

}  // namespace
}  // namespace regent::allocation
