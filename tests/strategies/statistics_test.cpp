// Metrics, time plans, overfitting and walk-forward choice against statistics written down anew.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>

#include "base/error.hpp"
#include "market/performance.hpp"
#include "strategies/sweep.hpp"
#include "walk.hpp"

namespace regent::strategies {
namespace {

struct Swept {
  TradableSeries series = test::walk(1200, 31);
  Combinations combinations{family_named("sma_cross"), {{"fast", "3:9:2"}, {"slow", "10:40:10"}}, true, true};
  TimePlan plan = time_plan(1200, {.blocks = 6, .folds = 3, .purge_bars = 11});
  std::vector<FamilySweep> families;
  std::vector<cuda::sweep::Journal> journals;
  Swept() {
    families.push_back(sweep(cuda::Resources::make("cpu"), series, combinations, plan, {}));
    for (std::size_t i = 0; i < combinations.size(); ++i)
      journals.push_back(backtest(series, combinations, i, plan, {}));
  }
  // Returns of bars [first, end) of one combination.
  std::vector<double> returns(std::size_t i, Span span) const {
    const auto& all = journals[i].net_return;
    return {all.begin() + span.first - 1, all.begin() + span.end - 1};
  }
};

double sharpe_ratio(const std::vector<double>& returns) {
  return market::performance_of(returns, 8766).sharpe;
}

TEST(Metrics, EqualThoseOfTheReturnsThemselves) {
  const Swept swept;
  for (std::size_t i = 0; i < swept.combinations.size(); ++i) {
    const Metrics& m = swept.families[0].rows[i].metrics;
    const auto expected = market::performance_of(swept.journals[i].net_return, 8766);
    EXPECT_NEAR(m.total_return, expected.total_return, 1e-10);
    EXPECT_NEAR(m.annual_return, expected.annual_return, 1e-6 * (1 + std::abs(expected.annual_return)));
    EXPECT_NEAR(m.annual_volatility, expected.annual_volatility, 1e-5 * expected.annual_volatility);
    EXPECT_NEAR(m.sharpe, expected.sharpe, 1e-4);
    EXPECT_NEAR(m.sortino, expected.sortino, 1e-4 * (1 + std::abs(expected.sortino)));
    EXPECT_NEAR(m.drawdown_max, expected.drawdown_max, 1e-6);
    double gains = 0, losses = 0, won = 0;
    for (const auto& trade : swept.journals[i].trades) {
      (trade.profit > 0 ? gains : losses) += std::abs(trade.profit);
      won += trade.profit > 0 ? 1 : 0;
    }
    EXPECT_NEAR(m.profit_factor, gains / losses, 1e-9 * m.profit_factor);
    EXPECT_DOUBLE_EQ(m.win_rate, won / static_cast<double>(swept.journals[i].trades.size()));
  }
}

TEST(Metrics, WithoutTradesNothingIsDividedByZero) {
  cuda::sweep::Outcome idle;
  idle.equity = 1;
  const Metrics m = metrics_of(idle, {.bars = 100}, 252);
  EXPECT_EQ(m.total_return, 0);
  EXPECT_EQ(m.annual_return, 0);
  EXPECT_EQ(m.exposure, 0);
  for (const double value : {m.sharpe, m.sortino, m.win_rate, m.profit_factor})
    EXPECT_TRUE(std::isnan(value));
  cuda::sweep::Outcome lucky = idle;
  lucky.trades = lucky.wins = 1;
  lucky.profit = 0.1;
  EXPECT_TRUE(std::isinf(metrics_of(lucky, {.bars = 100}, 252).profit_factor));
}

TEST(TimePlan, CutsBarsIntoIntervalsThatCoverEachOnceAndFoldsThatLookBackOnly) {
  const TimePlan plan = time_plan(1000, {.blocks = 10, .folds = 4, .purge_bars = 25});
  std::int32_t at = 0;
  for (const Span& interval : plan.intervals) {
    EXPECT_EQ(interval.first, at);
    EXPECT_GT(interval.bars(), 0);
    at = interval.end;
  }
  EXPECT_EQ(at, 1000);
  std::int64_t counted = 0;
  for (const auto bars : plan.bucket_bars) counted += bars;
  EXPECT_EQ(counted, 999);
  EXPECT_EQ(plan.blocks.front().first, 1);
  EXPECT_EQ(plan.blocks.back().end, 1000);
  ASSERT_EQ(plan.folds.size(), 4U);
  for (const Fold& fold : plan.folds) {
    EXPECT_EQ(fold.train.first, 1);
    EXPECT_EQ(fold.train.end + 25, fold.test.first);
  }
  EXPECT_EQ(plan.folds.back().test.end, 1000);
}

TEST(TimePlan, RefusesTooShortSeriesAndOddBlocks) {
  EXPECT_THROW(time_plan(50, {.blocks = 10}), InputError);
  EXPECT_THROW(time_plan(1000, {.blocks = 5}), InputError);
  EXPECT_THROW(time_plan(1000, {.blocks = 18}), InputError);
  EXPECT_THROW(time_plan(1000, {.blocks = 4, .folds = 4, .purge_bars = 300}), InputError);
  EXPECT_THROW(time_plan(1000, {.blocks = 4, .folds = 4, .purge_bars = -1}), InputError);
}

TEST(WalkForward, ChoosesByTrainingReturnsOnlyAndJudgesByTestReturns) {
  const Swept swept;
  const WalkForward result = walk_forward(swept.families, swept.plan, 8766);
  std::vector<double> tested;
  for (const FoldResult& fold : result.folds) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < swept.combinations.size(); ++i) {
      if (sharpe_ratio(swept.returns(i, fold.fold.train)) >
          sharpe_ratio(swept.returns(best, fold.fold.train)))
        best = i;
    }
    EXPECT_EQ(fold.combination, best);
    EXPECT_NEAR(fold.train_sharpe, sharpe_ratio(swept.returns(best, fold.fold.train)), 1e-3);
    EXPECT_NEAR(fold.test_sharpe, sharpe_ratio(swept.returns(best, fold.fold.test)), 1e-3);
    const auto returns = swept.returns(best, fold.fold.test);
    tested.insert(tested.end(), returns.begin(), returns.end());
  }
  EXPECT_NEAR(result.sharpe, sharpe_ratio(tested), 1e-3);
}

// One family of combinations whose bars all earn the same `mean`, up and down by 1 %; 0: never traded.
FamilySweep earning(const std::vector<double>& means, const TimePlan& plan) {
  FamilySweep family;
  family.rows.resize(means.size());
  for (const double mean : means) {
    const double square = mean == 0 ? 0 : mean * mean + 1e-4;
    for (const Span& interval : plan.intervals) {
      const double bars = interval.bars();
      family.intervals.push_back({bars, bars * mean, bars * square, bars * square / 2, bars});
    }
  }
  return family;
}

TEST(WalkForward, RatherTakesWhatNeverTradedThanALoss) {
  const TimePlan plan = time_plan(400, {.blocks = 4, .folds = 3});
  const std::vector<FamilySweep> losers{earning({-0.003, 0, -0.001}, plan)};
  const WalkForward idle = walk_forward(losers, plan, 8766);
  for (const FoldResult& fold : idle.folds) {
    EXPECT_EQ(fold.combination, 1U);
    EXPECT_EQ(fold.train_sharpe, 0);
    EXPECT_EQ(fold.trials.count, 3U);
    EXPECT_GT(fold.trials.variance, 0);
    EXPECT_TRUE(std::isnan(fold.test_sharpe));
  }
  EXPECT_EQ(overfitting_of(losers, plan).loss_probability, 0);  // counts as the folds do
  const std::vector<FamilySweep> one_earns{earning({-0.003, 0, 0.001}, plan)};
  for (const FoldResult& fold : walk_forward(one_earns, plan, 8766).folds) EXPECT_EQ(fold.combination, 2U);
}

// Bailey et al.'s algorithm on the matrix of returns itself.
double slow_overfitting(const std::vector<std::vector<double>>& returns, int blocks) {
  const std::size_t rows = returns[0].size() / static_cast<std::size_t>(blocks);
  int overfitted = 0, splits = 0;
  for (unsigned half = 0; half < 1U << blocks; ++half) {
    if (std::popcount(half) != blocks / 2) continue;
    std::vector<double> in, out;
    for (const auto& trial : returns) {
      std::vector<double> parts[2];
      for (std::size_t t = 0; t < trial.size(); ++t) parts[half >> (t / rows) & 1U].push_back(trial[t]);
      in.push_back(sharpe_ratio(parts[1]));
      out.push_back(sharpe_ratio(parts[0]));
    }
    const double chosen = out[static_cast<std::size_t>(std::ranges::max_element(in) - in.begin())];
    const auto rank = 1 + std::ranges::count_if(out, [&](double s) { return s < chosen; });
    const double omega = static_cast<double>(rank) / (static_cast<double>(out.size()) + 1);
    overfitted += std::log(omega / (1 - omega)) <= 0 ? 1 : 0;
    ++splits;
  }
  return static_cast<double>(overfitted) / splits;
}

std::vector<BlockSums> block_sums(const std::vector<std::vector<double>>& returns, std::size_t blocks) {
  std::vector<BlockSums> sums;
  for (const auto& trial : returns) {
    const std::size_t rows = trial.size() / blocks;
    for (std::size_t b = 0; b < blocks; ++b) {
      BlockSums one;
      for (std::size_t t = b * rows; t < (b + 1) * rows; ++t) {
        one.sum += trial[t];
        one.square_sum += trial[t] * trial[t];
      }
      sums.push_back(one);
    }
  }
  return sums;
}

std::vector<std::vector<double>> noise(std::size_t trials, std::size_t bars, unsigned seed,
                                       double skill_of_first) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> returns(trials);
  for (std::size_t i = 0; i < trials; ++i) {
    for (std::size_t t = 0; t < bars; ++t)
      returns[i].push_back(0.01 * (normal(random) + (i == 0 ? skill_of_first : 0)));
  }
  return returns;
}

TEST(Overfitting, EqualsTheAlgorithmOnTheReturnsThemselves) {
  const std::vector<double> bars(8, 20);
  for (const unsigned seed : {1U, 2U, 3U}) {
    const auto returns = noise(13, 160, seed, 0.15);
    const Overfitting result = overfitting_of(block_sums(returns, 8), bars);
    EXPECT_EQ(result.splits, 70U);
    EXPECT_DOUBLE_EQ(result.probability, slow_overfitting(returns, 8)) << "seed " << seed;
  }
}

TEST(Overfitting, IsNoneWhereOneTrialIsTrulyBestAndHighAmongEquals) {
  const std::vector<double> bars(10, 100);
  EXPECT_EQ(overfitting_of(block_sums(noise(50, 1000, 4, 1.0), 10), bars).probability, 0);
  double mean = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    mean += overfitting_of(block_sums(noise(50, 1000, 100 + seed, 0), 10), bars).probability / 20;
  }
  EXPECT_GT(mean, 0.3);
  EXPECT_LT(mean, 0.8);
}

TEST(Overfitting, OfOneTrialIsUndefinedAndIdleTrialsCountAsZero) {
  const std::vector<double> bars(4, 25);
  EXPECT_TRUE(std::isnan(overfitting_of(block_sums(noise(1, 100, 5, 0), 4), bars).probability));
  auto returns = noise(3, 100, 6, 2.0);
  returns.emplace_back(100, 0.0);
  EXPECT_EQ(overfitting_of(block_sums(returns, 4), bars).probability, 0);
}

TEST(Overfitting, IsUndefinedWhereNothingWasTraded) {
  const std::vector<std::vector<double>> idle(5, std::vector<double>(100, 0.0));
  const Overfitting result = overfitting_of(block_sums(idle, 4), std::vector<double>(4, 25));
  EXPECT_TRUE(std::isnan(result.probability));
  EXPECT_TRUE(std::isnan(result.loss_probability));
  EXPECT_EQ(result.splits, 0U);
}

TEST(Overfitting, OfASweepReadsItsBlocks) {
  const Swept swept;
  std::vector<BlockSums> sums;
  std::vector<double> bars;
  for (const Span& block : swept.plan.blocks) bars.push_back(block.bars());
  for (std::size_t i = 0; i < swept.combinations.size(); ++i) {
    for (const Span& block : swept.plan.blocks) {
      BlockSums one;
      for (const double r : swept.returns(i, block)) {
        one.sum += r;
        one.square_sum += r * r;
      }
      sums.push_back(one);
    }
  }
  EXPECT_EQ(overfitting_of(swept.families, swept.plan).probability, overfitting_of(sums, bars).probability);
}

TEST(Trials, AreAllCombinationsAndTheVarianceOfTheirSharpeRatios) {
  const Swept swept;
  std::vector<double> ratios;
  for (const auto& journal : swept.journals) ratios.push_back(sharpe_ratio(journal.net_return));
  double mean = 0, variance = 0;
  for (const double ratio : ratios) mean += ratio / static_cast<double>(ratios.size());
  for (const double ratio : ratios)
    variance += (ratio - mean) * (ratio - mean) / (static_cast<double>(ratios.size()) - 1);
  const Trials trials = trials_of(swept.families);
  EXPECT_EQ(trials.count, swept.combinations.size());
  EXPECT_NEAR(trials.variance, variance, 1e-4 * variance);
}

TEST(TradableSeries, LeavesOutBarsWithMissingValuesAndCountsThem) {
  market::Panel panel;
  panel.symbols = {"A"};
  for (int t = 0; t < 6; ++t) panel.timestamps_ms.push_back(t * 86'400'000LL);
  const double nan = std::nan("");
  panel.columns[0] = {nan, 10, 11, nan, 12, 13};
  panel.columns[1] = {nan, 11, 12, 13, 13, 14};
  panel.columns[2] = {nan, 9, 10, 11, 11, 12};
  panel.columns[3] = {nan, 10, 11, 12, 12, 13};
  const TradableSeries series = tradable_series(panel, 0, false, false);
  EXPECT_THAT(series.panel_bars, testing::ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(series.frozen_bars, 1U);
  EXPECT_THAT(tradable_series(panel, 0, false, true).panel_bars, testing::ElementsAre(1, 2, 3, 4, 5));
  panel.columns[1][2] = 10.5;
  EXPECT_THROW(tradable_series(panel, 0, false, false), InputError);
}

}  // namespace
}  // namespace regent::strategies
