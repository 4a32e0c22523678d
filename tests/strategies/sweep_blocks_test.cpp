// Grids whose combinations do not fit into one call: how they are cut, and that nobody sees it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategies/sweep.hpp"
#include "walk.hpp"

namespace regent::strategies {
namespace {

constexpr std::size_t bars_each = 400;

// 30 fast lengths run fastest, under each of 100 slow ones: 3,000 combinations over 130 columns.
Combinations thirty_by_hundred() {
  return {family_named("sma_cross"), GridTexts{{"fast", "2:31"}, {"slow", "40:139"}}, true, true};
}

struct Cut {
  FamilySweep rows;
  std::vector<std::size_t> blocks;
};

Cut cut(const Combinations& combinations, const TimePlan& plan, std::size_t table_bytes) {
  Cut result;
  SweepSettings settings;
  settings.table_bytes_max = table_bytes;
  settings.progress = [&](std::size_t done) { result.blocks.push_back(done); };
  result.rows = sweep(cuda::Resources::make("cpu"), test::walk(bars_each, 31), combinations, plan, settings);
  return result;
}

constexpr std::size_t bytes_of_columns(std::size_t columns) {
  return columns * bars_each * sizeof(float);
}

// Each row is the backtest of its own combination, which knows nothing of blocks.
void expect_backtests(const Combinations& combinations, const TimePlan& plan, const FamilySweep& got) {
  const TradableSeries series = test::walk(bars_each, 31);
  ASSERT_EQ(got.rows.size(), combinations.size());
  ASSERT_EQ(got.intervals.size(), combinations.size() * plan.intervals.size());
  int traded = 0;
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    const auto journal = backtest(series, combinations, i, plan, {});
    ASSERT_EQ(got.rows[i].outcome.trades, std::ssize(journal.trades)) << combinations.text(i);
    ASSERT_NEAR(got.rows[i].outcome.equity, journal.outcome.equity, 1e-12) << combinations.text(i);
    for (std::size_t k = 0; k < plan.intervals.size(); ++k)
      ASSERT_NEAR(got.intervals[i * plan.intervals.size() + k].sum, journal.buckets[k].sum, 3e-6)
          << combinations.text(i) << ", interval " << k;
    traded += got.rows[i].outcome.trades;
  }
  EXPECT_GT(traded, 3000) << "too little was traded: the test would see little";
}

TEST(SweepBlocks, AreCutWhereTheirColumnsWouldBeTooMany) {
  const Combinations combinations = thirty_by_hundred();
  ASSERT_EQ(combinations.size(), 3000U);
  const TimePlan plan = whole_plan(bars_each);
  // beside the fast lengths' columns there is room for 10, 50 and all slow ones
  const Cut tenths = cut(combinations, plan, bytes_of_columns(40));
  EXPECT_EQ(tenths.blocks, std::vector<std::size_t>(10, 300));
  expect_backtests(combinations, plan, tenths.rows);
  const Cut halves = cut(combinations, plan, bytes_of_columns(80));
  EXPECT_THAT(halves.blocks, testing::ElementsAre(1500, 1500));
  expect_backtests(combinations, plan, halves.rows);
  EXPECT_THAT(cut(combinations, plan, bytes_of_columns(130)).blocks, testing::ElementsAre(3000));
}

TEST(SweepBlocks, HaveRoomForEightColumnsHoweverLittleIsAllowed) {
  const Combinations combinations = thirty_by_hundred();
  const TimePlan plan = whole_plan(bars_each);
  const Cut smallest = cut(combinations, plan, 1);
  // a slow length and seven fast ones four times; the two that are left, and four under the next slow one
  EXPECT_THAT(std::vector(smallest.blocks.begin(), smallest.blocks.begin() + 5),
              testing::ElementsAre(7, 7, 7, 7, 6));
  expect_backtests(combinations, plan, smallest.rows);
}

TEST(SweepBlocks, AreCutWhereTheirBucketsWouldBeTooMany) {
  const Combinations combinations = thirty_by_hundred();
  const TimePlan plan = time_plan(bars_each, {.blocks = 8, .folds = 3});
  const std::size_t bytes = bytes_of_columns(130);
  ASSERT_LT(bytes / 32 / static_cast<std::size_t>(plan.buckets()), 1024U);
  const Cut thousands = cut(combinations, plan, bytes);
  EXPECT_THAT(thousands.blocks, testing::ElementsAre(1024, 1024, 952));
  expect_backtests(combinations, plan, thousands.rows);
}

// More of them than run at once, of different kinds and sizes.
std::vector<Combinations> ten_families() {
  std::vector<Combinations> families;
  for (int i = 0; i < 5; ++i) {
    families.push_back(thirty_by_hundred());
    families.emplace_back(family_named("rsi_reversion"),
                          GridTexts{{"window", "3:" + std::to_string(5 + i)}, {"stop", "0/0.03"}}, true,
                          true);
  }
  return families;
}

// A GPU's against the CPU's.
void expect_families_alone(const cuda::Resources& resources) {
  const cuda::Resources cpu = cuda::Resources::make("cpu");
  const TradableSeries series = test::walk(bars_each, 31);
  const TimePlan plan = time_plan(bars_each, {.blocks = 4});
  const auto families = ten_families();
  const double tolerance = resources.backend() == cuda::Backend::gpu ? 1e-6 : 0;
  std::size_t told = 0, combinations = 0;
  SweepSettings settings;
  settings.progress = [&](std::size_t done) { told += done; };
  const auto got = sweep_all(resources, series, families, plan, settings);
  ASSERT_EQ(got.size(), families.size());
  for (std::size_t f = 0; f < families.size(); ++f) {
    SCOPED_TRACE("family " + std::to_string(f));
    combinations += families[f].size();
    EXPECT_EQ(got[f].combinations, &families[f]);
    const FamilySweep alone = sweep(cpu, series, families[f], plan, {});
    ASSERT_EQ(got[f].rows.size(), alone.rows.size());
    for (std::size_t i = 0; i < alone.rows.size(); ++i) {
      const double equity = alone.rows[i].outcome.equity;
      ASSERT_NEAR(got[f].rows[i].outcome.equity, equity, tolerance * std::abs(equity));
      ASSERT_EQ(got[f].rows[i].outcome.trades, alone.rows[i].outcome.trades);
    }
    for (std::size_t i = 0; i < alone.intervals.size(); ++i)
      ASSERT_NEAR(got[f].intervals[i].square_sum, alone.intervals[i].square_sum,
                  tolerance * alone.intervals[i].square_sum);
  }
  EXPECT_EQ(told, combinations);
}

TEST(SweepAll, HasTheRowsOfEachFamilyAlone) {
  expect_families_alone(cuda::Resources::make("cpu"));
}

TEST(SweepAll, HasTheRowsOfEachFamilyAloneOnTheGpu) {
  if (!cuda::built_with_cuda() || cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  const auto gpu = cuda::Resources::make("cuda");
  for (int round = 0; round < 3; ++round) expect_families_alone(gpu);  // in memory of the round before
}

}  // namespace
}  // namespace regent::strategies
