#include "strategies/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

using cuda::sweep::Lane;
using cuda::sweep::no_column;

// Lanes in one call: progress is seen between calls.
constexpr std::size_t block_lanes = 65'536;

// The lanes of some combinations, and the columns that they read, sorted so that neighbouring lengths are
// neighbouring columns.
struct LaneBlock {
  std::vector<Lane> lanes;
  std::vector<ColumnKey> keys;
};

std::vector<ColumnKey> keys_of(const Recipe& recipe) {
  std::vector<ColumnKey> keys{recipe.enter};
  for (const auto& key : {recipe.minus, recipe.stay, recipe.gate, recipe.side}) {
    if (key) keys.push_back(*key);
  }
  return keys;
}

Lane lane_of(const Recipe& recipe, const std::vector<ColumnKey>& keys, double stop, double target) {
  const auto find = [&](const std::optional<ColumnKey>& key) {
    if (!key) return no_column;
    return static_cast<std::int32_t>(std::ranges::lower_bound(keys, *key) - keys.begin());
  };
  Lane lane;
  lane.enter = find(recipe.enter);
  lane.minus = find(recipe.minus);
  lane.stay = find(recipe.stay);
  lane.gate = find(recipe.gate);
  lane.side = find(recipe.side);
  lane.enter_level = static_cast<float>(recipe.enter_level);
  lane.stay_level = static_cast<float>(recipe.stay_level.value_or(recipe.enter_level));
  lane.gate_level = static_cast<float>(recipe.gate_level);
  lane.votes = recipe.votes;
  lane.stop = stop;
  lane.target = target;
  return lane;
}

// As many combinations from `first` on as fit.
LaneBlock block_from(const Combinations& combinations, std::size_t first, std::size_t bars) {
  const std::size_t columns_max = std::max<std::size_t>(8, table_bytes_max / sizeof(float) / bars);
  std::vector<Recipe> recipes;
  std::vector<double> values(combinations.parameters().size()), levels;
  std::vector<ColumnKey> keys, fresh;
  for (std::size_t i = first; i < combinations.size() && recipes.size() < block_lanes; ++i) {
    combinations.values(i, values);
    const Recipe recipe = combinations.family().recipe(values);
    fresh.clear();
    for (const ColumnKey& key : keys_of(recipe)) {
      const auto at = std::ranges::lower_bound(keys, key);
      if (at == keys.end() || *at != key) keys.insert(at, key);
    }
    if (keys.size() > columns_max && !recipes.empty()) break;
    recipes.push_back(recipe);
    levels.push_back(values[values.size() - 2]);
    levels.push_back(values[values.size() - 1]);
  }
  LaneBlock block;
  block.keys = std::move(keys);
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    block.lanes.push_back(lane_of(recipes[i], block.keys, levels[2 * i], levels[2 * i + 1]));
  }
  return block;
}

cuda::sweep::Task task_of(const TradableSeries& series, const TimePlan& plan, const SweepSettings& settings,
                          const LaneBlock& block, std::span<const float> table) {
  cuda::sweep::Task task;
  task.bars = {series.open, series.high, series.low, series.close};
  task.table = {table, block.keys.size()};
  task.lanes = block.lanes;
  task.bucket = plan.bucket;
  task.buckets = plan.buckets();
  task.allowed = settings.allowed;
  task.rules = settings.rules;
  return task;
}

void keep_sums(const TimePlan& plan, const cuda::sweep::BucketSums* buckets, FamilySweep& out, Sums& total) {
  const auto regimes = static_cast<std::size_t>(plan.regime_count());
  std::vector<Sums> by_regime(regimes);
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    Sums interval;
    for (std::size_t r = 0; r < regimes; ++r) {
      const std::size_t b = i * regimes + r;
      interval.add(buckets[b], static_cast<double>(plan.bucket_bars[b]));
      by_regime[r].add(buckets[b], static_cast<double>(plan.bucket_bars[b]));
    }
    out.intervals.push_back(interval);
  }
  for (const Sums& one : by_regime) {
    total.add({one.sum, one.square_sum, one.downside_sum, one.held}, one.bars);
    if (!plan.regimes.empty()) out.regimes.push_back(one);
  }
}

Sums sums_of(const FamilySweep& family, std::size_t row, const TimePlan& plan, const Span& span) {
  Sums sums;
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    const Span& interval = plan.intervals[i];
    if (interval.first < span.first || interval.end > span.end) continue;
    const Sums& one = family.intervals[row * plan.intervals.size() + i];
    sums.add({one.sum, one.square_sum, one.downside_sum, one.held}, one.bars);
  }
  return sums;
}

FoldResult best_of_fold(std::span<const FamilySweep> families, const TimePlan& plan, const Fold& fold,
                        double periods_per_year, Sums& tested) {
  FoldResult best{fold};
  best.train_sharpe = -std::numeric_limits<double>::infinity();
  for (std::size_t f = 0; f < families.size(); ++f) {
    for (std::size_t row = 0; row < families[f].rows.size(); ++row) {
      const double sharpe = sharpe_of(sums_of(families[f], row, plan, fold.train), periods_per_year);
      if (sharpe > best.train_sharpe) best = {fold, f, row, sharpe};
    }
  }
  if (std::isinf(best.train_sharpe)) best.train_sharpe = std::numeric_limits<double>::quiet_NaN();
  const Sums test = sums_of(families[best.family], best.combination, plan, fold.test);
  best.test_sharpe = sharpe_of(test, periods_per_year);
  best.test_mean = mean_of(test);
  tested.add({test.sum, test.square_sum, test.downside_sum, test.held}, test.bars);
  return best;
}

}  // namespace

FamilySweep sweep(const cuda::Resources& resources, const TradableSeries& series,
                  const Combinations& combinations, const TimePlan& plan, const SweepSettings& settings) {
  FamilySweep out;
  out.combinations = &combinations;
  out.rows.reserve(combinations.size());
  out.intervals.reserve(combinations.size() * plan.intervals.size());
  for (std::size_t first = 0; first < combinations.size();) {
    const LaneBlock block = block_from(combinations, first, series.bars());
    const std::vector<float> table = indicator_table(series.prices(), block.keys);
    const auto results = cuda::sweep::run(resources, task_of(series, plan, settings, block, table));
    for (std::size_t i = 0; i < block.lanes.size(); ++i) {
      Sums total;
      keep_sums(plan, results.buckets.data() + i * static_cast<std::size_t>(plan.buckets()), out, total);
      out.rows.push_back(
          {results.outcomes[i], metrics_of(results.outcomes[i], total, series.periods_per_year)});
    }
    first += block.lanes.size();
    if (settings.progress) settings.progress(block.lanes.size());
  }
  return out;
}

cuda::sweep::Journal backtest(const TradableSeries& series, const Combinations& combinations,
                              std::size_t combination, const TimePlan& plan, const SweepSettings& settings) {
  std::vector<double> values = combinations.values(combination);
  const Recipe recipe = combinations.family().recipe(values);
  LaneBlock block;
  block.keys = keys_of(recipe);
  std::ranges::sort(block.keys);
  block.keys.erase(std::unique(block.keys.begin(), block.keys.end()), block.keys.end());
  block.lanes = {lane_of(recipe, block.keys, values[values.size() - 2], values[values.size() - 1])};
  const std::vector<float> table = indicator_table(series.prices(), block.keys);
  return cuda::sweep::trace(task_of(series, plan, settings, block, table), 0);
}

WalkForward walk_forward(std::span<const FamilySweep> families, const TimePlan& plan,
                         double periods_per_year) {
  WalkForward result;
  Sums tested;
  for (const Fold& fold : plan.folds) {
    result.folds.push_back(best_of_fold(families, plan, fold, periods_per_year, tested));
  }
  result.sharpe = sharpe_of(tested, periods_per_year);
  return result;
}

Overfitting overfitting_of(std::span<const FamilySweep> families, const TimePlan& plan) {
  std::vector<BlockSums> sums;
  std::vector<double> bars;
  for (const Span& block : plan.blocks) bars.push_back(block.bars());
  for (const FamilySweep& family : families) {
    for (std::size_t row = 0; row < family.rows.size(); ++row) {
      for (const Span& block : plan.blocks) {
        const Sums one = sums_of(family, row, plan, block);
        sums.push_back({one.sum, one.square_sum});
      }
    }
  }
  return overfitting_of(sums, bars);
}

Trials trials_of(std::span<const FamilySweep> families) {
  Trials trials;
  double known = 0, mean = 0, squares = 0;
  for (const FamilySweep& family : families) {
    trials.count += family.rows.size();
    for (const Row& row : family.rows) {
      if (!std::isfinite(row.metrics.sharpe)) continue;
      known += 1;
      const double apart = row.metrics.sharpe - mean;
      mean += apart / known;
      squares += apart * (row.metrics.sharpe - mean);
    }
  }
  trials.variance = known > 1 ? squares / (known - 1) : 0;
  return trials;
}

}  // namespace regent::strategies
