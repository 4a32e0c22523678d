// What holds of every family.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/error.hpp"
#include "strategies/sweep.hpp"
#include "walk.hpp"

namespace regent::strategies {
namespace {

using cuda::sweep::Journal;

class EveryFamily : public testing::TestWithParam<std::string> {
 protected:
  const Family& family() const { return family_named(GetParam()); }
  // A grid with lengths that fit a short series, stops and targets.
  Combinations grid(const char* levels = "0") const {
    GridTexts texts{{"stop", levels}, {"target", levels}};
    for (const auto& parameter : family().parameters) {
      if (parameter.name == "slow") texts["slow"] = "30/45";
      if (parameter.name == "regime") texts["regime"] = "90";
      if (parameter.name == "volatility") texts["volatility"] = "9";
      if (parameter.name == "window") texts["window"] = "8/20";
      if (parameter.name == "momentum") texts["momentum"] = "24";
    }
    return {family(), texts, true, true};
  }
  SweepSettings settings(bool shorts = true) const {
    SweepSettings settings;
    settings.rules.shorts = shorts;
    settings.rules.close_last = false;
    return settings;
  }
};

TEST_P(EveryFamily, ChangingTheFutureNeverChangesThePast) {
  const Combinations combinations = grid("0.05");
  const std::size_t cut = 700;
  const TradableSeries series = test::walk(1000, 21);
  TradableSeries other = series;
  const TradableSeries future = test::walk(1000, 99, 0.03);
  for (std::size_t t = cut; t < 1000; ++t) {
    other.open[t] = 3 * future.open[t];
    other.high[t] = 3 * future.high[t];
    other.low[t] = 3 * future.low[t];
    other.close[t] = 3 * future.close[t];
    other.volume[t] = 5 * future.volume[t];
  }
  const TimePlan plan = whole_plan(1000);
  std::size_t trades = 0, different = 0;
  for (std::size_t i = 0; i < combinations.size(); i += 1 + combinations.size() / 12) {
    const Journal before = backtest(series, combinations, i, plan, settings());
    const Journal after = backtest(other, combinations, i, plan, settings());
    trades += before.trades.size();
    for (std::size_t t = 0; t < cut; ++t) {
      ASSERT_EQ(before.side[t], after.side[t]) << combinations.text(i) << ", bar " << t;
      ASSERT_EQ(before.equity[t], after.equity[t]) << combinations.text(i) << ", bar " << t;
    }
    different += before.equity[900] != after.equity[900] ? 1 : 0;
  }
  EXPECT_GT(trades, 20U) << "nothing was traded: the test would see nothing";
  EXPECT_GT(different, 0U);
}

TEST_P(EveryFamily, TradesNothingBeforeItsWarmUpAndTheBarAfterIt) {
  const Combinations combinations = grid();
  const TradableSeries series = test::walk(600, 22);
  for (std::size_t i = 0; i < combinations.size(); i += 1 + combinations.size() / 12) {
    const auto warm_up = warm_up_bars(family().recipe(combinations.values(i)));
    const Journal journal = backtest(series, combinations, i, whole_plan(600), settings());
    for (std::int64_t t = 0; t <= warm_up && t < 600; ++t)
      ASSERT_EQ(journal.side[static_cast<std::size_t>(t)], 0);
  }
}

TEST_P(EveryFamily, TheSweepsRowsEqualTheBacktestsOfTheSameCombination) {
  const Combinations combinations = grid("0/0.03");
  const TradableSeries series = test::walk(900, 23);
  const TimePlan plan = time_plan(900, {.blocks = 4, .folds = 2, .purge_bars = 7});
  for (const bool shorts : {false, true}) {
    const auto rows = sweep(cuda::Resources::make("cpu"), series, combinations, plan, settings(shorts));
    ASSERT_EQ(rows.rows.size(), combinations.size());
    double traded = 0;
    for (std::size_t i = 0; i < combinations.size(); i += 1 + combinations.size() / 40) {
      SCOPED_TRACE(combinations.text(i));
      const Journal journal = backtest(series, combinations, i, plan, settings(shorts));
      const Metrics& m = rows.rows[i].metrics;
      traded += m.trades;
      ASSERT_EQ(m.trades, static_cast<double>(journal.trades.size()));
      ASSERT_NEAR(m.total_return, journal.equity.back() / 10'000 - 1, 1e-10);
      const auto held = std::ranges::count_if(journal.side, [](int side) { return side != 0; });
      ASSERT_NEAR(m.exposure, static_cast<double>(held) / 899, 1e-12);
      Sums total;
      for (const auto& bucket : journal.buckets) total.add(bucket, 0);
      double sum = 0;
      for (std::size_t k = 0; k < plan.intervals.size(); ++k)
        sum += rows.intervals[i * plan.intervals.size() + k].sum;
      ASSERT_NEAR(sum, total.sum, 2e-6);
    }
    EXPECT_GT(traded, 50);
  }
}

TEST_P(EveryFamily, TheGpusRowsEqualTheCpus) {
  if (!cuda::built_with_cuda() || cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  const auto cpu = cuda::Resources::make("cpu"), gpu = cuda::Resources::make("cuda");
  const Combinations combinations = grid("0/0.03");
  const TradableSeries series = test::walk(900, 23);
  const TimePlan plan = time_plan(900, {.blocks = 4, .folds = 2, .purge_bars = 7});
  for (const bool shorts : {false, true}) {
    const auto expected = sweep(cpu, series, combinations, plan, settings(shorts));
    const auto got = sweep(gpu, series, combinations, plan, settings(shorts));
    ASSERT_EQ(got.rows.size(), expected.rows.size());
    for (std::size_t i = 0; i < got.rows.size(); ++i) {
      SCOPED_TRACE(combinations.text(i));
      const cuda::sweep::Outcome &a = got.rows[i].outcome, &b = expected.rows[i].outcome;
      ASSERT_EQ(std::tie(a.trades, a.wins, a.open_side, a.equity, a.drawdown_max, a.fees),
                std::tie(b.trades, b.wins, b.open_side, b.equity, b.drawdown_max, b.fees));
      ASSERT_EQ(got.rows[i].metrics.exposure, expected.rows[i].metrics.exposure);
    }
    for (std::size_t i = 0; i < got.intervals.size(); ++i)
      ASSERT_NEAR(got.intervals[i].sum, expected.intervals[i].sum, 3e-6);
  }
}

TEST_P(EveryFamily, SaysWhatItIsAndWhereItComesFrom) {
  EXPECT_FALSE(family().summary.empty() || family().formula.empty());
  EXPECT_THAT(family().source, testing::ContainsRegex("[12][09][0-9][0-9]"));
  std::set<std::string> names;
  for (const auto& parameter : all_parameters(family())) {
    EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
    EXPECT_NO_THROW(parse_axis(parameter, parameter.grid));
    EXPECT_GE(parameter.fallback, parameter.least);
    EXPECT_LE(parameter.fallback, parameter.most);
  }
  EXPECT_EQ(Combinations(family(), {}, false, true).size(), 1U);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Family& family : catalogue()) all.push_back(family.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryFamily, testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

TEST(Catalogue, HasTenFamiliesOrMoreAndSuggestsANearName) {
  EXPECT_GE(catalogue().size(), 10U);
  try {
    family_named("sma_kross");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean 'sma_cross'"));
  }
}

// Rules by hand on a short series: the wish of each close, read off the side one bar later.
std::vector<int> sides(const char* name, const GridTexts& texts, std::vector<double> closes) {
  TradableSeries series;
  series.open = series.high = series.low = series.close = std::move(closes);
  for (std::size_t t = 0; t < series.bars(); ++t)
    series.timestamps_ms.push_back(static_cast<TimestampMs>(t) * 86'400'000);
  series.periods_per_year = 365.25;
  SweepSettings settings;
  settings.rules.close_last = false;
  const Combinations combinations(family_named(name), texts, false, true);
  return backtest(series, combinations, 0, whole_plan(series.bars()), settings).side;
}

TEST(FamiliesByHand, AnSmaCrossIsLongFromTheBarAfterTheCross) {
  // SMA_2 > SMA_3 at the closes of bars 3 (3.5 > 3.33) and 4 (4 > 3.67), no longer at 5 (3.5 < 3.67)
  EXPECT_EQ(sides("sma_cross", {{"fast", "2"}, {"slow", "3"}}, {3, 3, 3, 4, 4, 3, 2, 2}),
            (std::vector<int>{0, 0, 0, 0, 1, 1, 0, 0}));
}

TEST(FamiliesByHand, ADonchianBreakoutEntersAboveTheHighestAndLeavesBelowTheLowestOfTheBarsBefore) {
  EXPECT_EQ(sides("donchian_breakout", {{"entry", "3"}, {"exit", "2"}}, {5, 4, 5, 6, 6, 5.5, 5.4, 7, 7}),
            (std::vector<int>{0, 0, 0, 0, 1, 1, 0, 0, 1}));
}

TEST(FamiliesByHand, BollingerReversionBuysBelowTheBandAndSellsAtTheMiddle) {
  // bar 4: mean 8.8, deviation 1.6, score −1.75 below −1.2; bar 6: mean 8.6 below 10
  EXPECT_EQ(sides("bollinger_reversion", {{"window", "5"}, {"width", "1.2"}}, {10, 9, 9, 10, 6, 8, 10, 10}),
            (std::vector<int>{0, 0, 0, 0, 0, 1, 1, 0}));
}

}  // namespace
}  // namespace regent::strategies
