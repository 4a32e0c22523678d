// Metrics by regime against those of the regime's returns and trades, found anew.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "market/performance.hpp"
#include "strategies/regime_metrics.hpp"
#include "walk.hpp"

namespace regent::strategies {
namespace {

constexpr double per_year = 8766;
constexpr std::size_t walk_bars = 1200;

// Calm, chaos, and a third that never comes.
TimePlan plan_of_three() {
  std::vector<std::int32_t> regime;
  for (std::size_t t = 0; t < walk_bars; ++t) regime.push_back(t / 70 % 3 == 1 ? 1 : 0);
  return whole_plan(walk_bars, regime, {"calm", "chaos", "never"});
}

Combinations crosses(const std::string& stops) {
  return {family_named("sma_cross"), GridTexts{{"fast", "3:9:2"}, {"slow", "10:40:10"}, {"stop", stops}},
          true, true};
}

std::vector<double> returns_in(const cuda::sweep::Journal& journal, const TimePlan& plan, int regime) {
  std::vector<double> returns;
  for (std::size_t t = 1; t < walk_bars; ++t) {
    if (plan.bucket[t] == regime) returns.push_back(journal.net_return[t - 1]);
  }
  return returns;
}

TEST(RegimeMetrics, AreThoseOfTheRegimesBarsChained) {
  const TradableSeries series = test::walk(walk_bars, 31);
  const TimePlan plan = plan_of_three();
  const Combinations combinations = crosses("0/0.02");
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    const auto journal = backtest(series, combinations, i, plan, {});
    const auto metrics = metrics_by_regime(journal, plan, per_year);
    ASSERT_EQ(metrics.size(), 3U);
    for (const int r : {0, 1}) {
      const auto expected = market::performance_of(returns_in(journal, plan, r), per_year);
      const Metrics& m = metrics[static_cast<std::size_t>(r)];
      EXPECT_NEAR(m.total_return, expected.total_return, 1e-10);
      EXPECT_NEAR(m.annual_return, expected.annual_return, 1e-9 * (1 + std::abs(expected.annual_return)));
      EXPECT_NEAR(m.annual_volatility, expected.annual_volatility, 1e-9 * expected.annual_volatility);
      EXPECT_NEAR(m.sharpe, expected.sharpe, 1e-8 * (1 + std::abs(expected.sharpe)));
      EXPECT_NEAR(m.sortino, expected.sortino, 1e-8 * (1 + std::abs(expected.sortino)));
      EXPECT_NEAR(m.drawdown_max, expected.drawdown_max, 1e-10);
    }
  }
}

TEST(RegimeMetrics, CountATradeWhereItWasEnteredAndACostWhereItWasPaid) {
  const TradableSeries series = test::walk(walk_bars, 31);
  const TimePlan plan = plan_of_three();
  const Combinations combinations = crosses("0");
  const cuda::sweep::TradingRules rules;
  int across = 0;
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    const auto journal = backtest(series, combinations, i, plan, {});
    const auto metrics = metrics_by_regime(journal, plan, per_year);
    double trades[2] = {}, wins[2] = {}, gains[2] = {}, losses[2] = {}, turnover[2] = {}, fees[2] = {};
    for (const auto& trade : journal.trades) {
      const int entered = plan.bucket[static_cast<std::size_t>(trade.entry_bar)],
                left = plan.bucket[static_cast<std::size_t>(trade.exit_bar)];
      across += entered != left ? 1 : 0;
      trades[entered] += 1;
      wins[entered] += trade.profit > 0 ? 1 : 0;
      (trade.profit > 0 ? gains : losses)[entered] += std::abs(trade.profit);
      // an entry spends the whole cash, fee included; an exit sells the whole equity
      turnover[entered] += 1 / (1 + rules.fee_rate);
      turnover[left] += 1 - rules.slippage_rate;
      fees[entered] += trade.entry_fee / rules.start_cash;
      fees[left] += trade.exit_fee / rules.start_cash;
    }
    for (const int r : {0, 1}) {
      const Metrics& m = metrics[static_cast<std::size_t>(r)];
      const double years = static_cast<double>(returns_in(journal, plan, r).size()) / per_year;
      EXPECT_EQ(m.trades, trades[r]);
      EXPECT_DOUBLE_EQ(m.win_rate, wins[r] / trades[r]);
      EXPECT_NEAR(m.profit_factor, gains[r] / losses[r], 1e-9 * m.profit_factor);
      EXPECT_NEAR(m.turnover, turnover[r] / years, 1e-9 * m.turnover);
      EXPECT_NEAR(m.fees, fees[r], 1e-12);
    }
  }
  EXPECT_GT(across, 20) << "too few trades go from one regime into the other: the test would see little";
}

TEST(RegimeMetrics, OfAllRegimesMakeTheWhole) {
  const TradableSeries series = test::walk(walk_bars, 32);
  const TimePlan plan = plan_of_three();
  SweepSettings settings;
  settings.rules.shorts = true;
  const Combinations combinations = crosses("0/0.02");
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    const auto journal = backtest(series, combinations, i, plan, settings);
    double growth = 1, trades = 0, fees = 0, slippage = 0, turnover = 0;
    const auto metrics = metrics_by_regime(journal, plan, per_year);
    for (const std::size_t r : {0U, 1U}) {
      growth *= 1 + metrics[r].total_return;
      trades += metrics[r].trades;
      fees += metrics[r].fees;
      slippage += metrics[r].slippage;
      turnover += metrics[r].turnover * static_cast<double>(plan.bucket_bars[r]) / per_year;
    }
    EXPECT_NEAR(growth, journal.outcome.equity, 1e-10);
    EXPECT_EQ(trades, journal.outcome.trades);
    EXPECT_NEAR(fees, journal.outcome.fees, 1e-10);
    EXPECT_NEAR(slippage, journal.outcome.slippage, 1e-10);
    EXPECT_NEAR(turnover, journal.outcome.turnover, 1e-8);
  }
}

TEST(RegimeMetrics, AreNoneWhereNoBarLiesInTheRegime) {
  const TimePlan plan = plan_of_three();
  const auto journal = backtest(test::walk(walk_bars, 31), crosses("0"), 0, plan, {});
  const Metrics never = metrics_by_regime(journal, plan, per_year)[2];
  for (const double value : {never.total_return, never.sharpe, never.exposure, never.turnover, never.trades})
    EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(metrics_by_regime(journal, whole_plan(walk_bars), per_year).empty());
}

TEST(SweepRegimes, HasTheRowsOfEachBacktestHoweverItsBlocksAreCut) {
  const TradableSeries series = test::walk(walk_bars, 31);
  const TimePlan plan = plan_of_three();
  const Combinations combinations = crosses("0/0.02");
  SweepSettings settings;
  settings.table_bytes_max = 1;  // eight columns
  const std::size_t first = 3, end = combinations.size() - 2;
  TracedSweep traced(series, combinations, plan, settings);
  std::vector<Metrics> rows;
  for (std::size_t at = first; at < end; at += 5) {  // pieces begin inside of blocks
    const auto some = sweep_regimes(traced, at, std::min(end, at + 5));
    rows.insert(rows.end(), some.begin(), some.end());
  }
  ASSERT_EQ(rows.size(), (end - first) * 3);
  for (std::size_t i = first; i < end; ++i) {
    const auto expected =
        metrics_by_regime(backtest(series, combinations, i, plan, settings), plan, series.periods_per_year);
    for (const std::size_t r : {0U, 1U}) {
      const Metrics& got = rows[(i - first) * 3 + r];
      EXPECT_EQ(got.total_return, expected[r].total_return) << combinations.text(i);
      EXPECT_EQ(got.drawdown_max, expected[r].drawdown_max);
      EXPECT_EQ(got.turnover, expected[r].turnover);
      EXPECT_EQ(got.trades, expected[r].trades);
    }
  }
}

}  // namespace
}  // namespace regent::strategies
