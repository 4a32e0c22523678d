#include "report/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "report/text.hpp"

namespace regent::report {
namespace {

// Six daily bars, one of them history; every number below is checked by hand.
RunRecord small_run() {
  RunRecord run;
  run.stream = "unit";
  run.panel.symbols = {"A"};
  for (int i = 0; i < 6; ++i) run.panel.timestamps_ms.push_back(86'400'000LL * i);
  run.panel.columns[static_cast<std::size_t>(market::Column::close)] = {9, 10, 11, 10, 12, 12};
  run.first_traded_bar = 1;
  run.start_cash = 1000;
  run.fee_rate = 0.001;
  run.equity = {1000, 1000, 1010, 1005, 1030};
  run.states = {"ACTIVE", "ACTIVE", "HOLD", "ACTIVE", "REDUCING"};
  run.decisions.resize(5);
  for (std::size_t i = 0; i < 4; ++i) {
    run.decisions[i] = {.decided = true,
                        .weights = {0.5},
                        .macro_posterior = {0.9, 0.1},
                        .macro_labels = {"calm", "chaos"},
                        .regime = i < 2 ? "calm" : "chaos",
                        .fingerprint = "f0"};
  }
  run.fills = {{.bar = 2, .symbol = 0, .quantity = 50, .price = 11, .fee = 0.55, .slippage_cost = 0.25},
               {.bar = 4, .symbol = 0, .quantity = -50, .price = 12, .fee = 0.6, .slippage_cost = 0.3}};
  run.orders_submitted = 2;
  run.denials["governor"]["max_order_value"] = 3;
  run.latencies_us = {100, 200, 300, 400};
  return run;
}

Curves curves_of(const RunRecord& run) {
  return {run.equity, {1000, 1000, 1020, 1010, 1040}, {1000, 1100, 1000, 1200, 1200}};
}

TEST(Metrics, AddUpCostsOrdersStatesAndRegimes) {
  const RunRecord run = small_run();
  const auto metrics = compute_metrics(run, curves_of(run), {});
  EXPECT_NEAR(metrics["costs"]["fees"].get<double>(), 1.15, 1e-12);
  EXPECT_NEAR(metrics["costs"]["slippage"].get<double>(), 0.55, 1e-12);
  EXPECT_NEAR(metrics["costs"]["traded_value"].get<double>(), 50 * 11 + 50 * 12, 1e-9);
  EXPECT_EQ(metrics["orders"]["denied"], 3);
  EXPECT_EQ(metrics["orders"]["denials"]["governor"]["max_order_value"], 3);
  EXPECT_EQ(metrics["states"]["ACTIVE"], 3);
  EXPECT_EQ(metrics["states"]["HOLD"], 1);
  EXPECT_EQ(metrics["states"]["REDUCING"], 1);
  EXPECT_EQ(metrics["states"]["HALTED"], 0);
  EXPECT_EQ(metrics["regimes"]["labels"], (std::vector<std::string>{"calm", "chaos"}));
  EXPECT_EQ(metrics["regimes"]["days"]["calm"], 2);
  EXPECT_EQ(metrics["regimes"]["days"]["chaos"], 2);
  EXPECT_EQ(metrics["decisions"]["decided"], 4);
  EXPECT_NEAR(metrics["decisions"]["latency_us"]["p50"].get<double>(), 250, 1e-9);
  EXPECT_NEAR(metrics["policy"]["total_return"].get<double>(), 0.03, 1e-12);
  EXPECT_NEAR(metrics["buy_and_hold"]["drawdown_max"].get<double>(), 1 - 1000.0 / 1100, 1e-12);
}

TEST(Metrics, CreditARegimeWithTheReturnOfTheBarAfterIt) {
  const RunRecord run = small_run();
  const auto metrics = compute_metrics(run, curves_of(run), {});
  const double per_year = metrics["run"]["periods_per_year"].get<double>();
  EXPECT_NEAR(metrics["regimes"]["policy_annual_return"]["calm"].get<double>(), (0.0 + 0.01) / 2 * per_year,
              1e-9);
  EXPECT_NEAR(metrics["regimes"]["policy_annual_return"]["chaos"].get<double>(),
              ((1005.0 / 1010 - 1) + (1030.0 / 1005 - 1)) / 2 * per_year, 1e-9);
}

TEST(Metrics, CountEveryTrialOfTraining) {
  // as regent train writes them; a trial without a Sharpe ratio (it never traded) still counts
  const auto training =
      nlohmann::json::parse(R"({"trials":{"count":4,"sharpe":[1.0,2.0,3.0],"undefined":1}})");
  const Trials trials = trials_from_training(training);
  EXPECT_EQ(trials.count, 4U);
  EXPECT_DOUBLE_EQ(trials.sharpe_variance, 1);
  const RunRecord run = small_run();
  const auto metrics = compute_metrics(run, curves_of(run), trials);
  EXPECT_LT(metrics["policy"]["sharpe_deflated"].get<double>(),
            metrics["policy"]["sharpe_probabilistic"].get<double>());
}

TEST(Metrics, RefuseAnEquityThatIsNoNumber) {
  EXPECT_THROW(returns_of({100, std::nan(""), 50}), InputError);
  EXPECT_THROW(returns_of({100, std::nan("")}), InputError);
}

TEST(Metrics, ReportARunWhoseDecisionsWouldHaveRuinedItWithoutTheGates) {
  const RunRecord run = small_run();
  Curves curves = curves_of(run);
  curves.ungated = {1000, 1100, -50, 20, 60};
  EXPECT_EQ(returns_of(curves.ungated), (std::vector<double>{1100.0 / 1000 - 1, -1, 0, 0}));
  const auto metrics = compute_metrics(run, curves, {});
  EXPECT_EQ(metrics["policy_ungated"]["total_return"], -1);
  EXPECT_EQ(metrics["policy_ungated"]["drawdown_max"], 1);
  EXPECT_NEAR(metrics["policy"]["total_return"].get<double>(), 0.03, 1e-12);
  EXPECT_NE(markdown_report(metrics).find("-100.0 %"), std::string::npos);
}

TEST(Verdict, SaysPlainlyWhenThePolicyDoesNotBeatBuyAndHold) {
  const RunRecord run = small_run();
  const auto metrics = compute_metrics(run, curves_of(run), {});
  EXPECT_NE(metrics["verdict"].get<std::string>().find("did not beat"), std::string::npos);
  nlohmann::json better = metrics;
  better["policy"]["total_return"] = 9;
  better["policy"]["sharpe"] = 99;
  EXPECT_EQ(verdict(better).find("The policy beat equal-weight buy and hold in return and in Sharpe"), 0U);
}

TEST(ReportText, NamesWhatAReaderMustKnow) {
  const RunRecord run = small_run();
  const auto metrics = compute_metrics(run, curves_of(run), {.count = 12, .sharpe_variance = 0.2});
  const std::string text = markdown_report(metrics);
  for (const char* wanted : {"deflated Sharpe (12 trials)", "max drawdown", "turnover", "denied by governor",
                             "max_order_value × 3", "p99", "REDUCING 1", "without gates", "did not beat"}) {
    EXPECT_NE(text.find(wanted), std::string::npos) << wanted;
  }
}

}  // namespace
}  // namespace regent::report
