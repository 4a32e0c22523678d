#include "strategies/sweep.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <mutex>

#include "base/error.hpp"
#include "base/large_pages.hpp"
#include "strategies/column_keys.hpp"
#include "strategies/each_at_once.hpp"

namespace regent::strategies {
namespace {

using cuda::sweep::Lane;
using cuda::sweep::no_column;

// Lanes in one call: progress is seen between calls. A GPU takes all at once that it can.
constexpr std::size_t block_lanes_cpu = 65'536, block_lanes_gpu = 262'144;
// Families that a GPU sweeps at once: more than 8 find no queue of their own. A run keeps up to about 1 GB of
// it, and a 32nd of its memory.
std::size_t families_at_once(const cuda::Resources& resources) {
  if (resources.backend() != cuda::Backend::gpu) return 1;
  constexpr std::size_t bytes_each = std::size_t{4} << 30, most = 8;
  return std::clamp<std::size_t>(resources.gpu_memory_bytes() / bytes_each, 1, most);
}
// Combinations that a thread takes in hand together.
constexpr std::size_t piece = 1024;

std::size_t block_lanes(const cuda::Resources& resources, const TimePlan& plan, std::size_t bytes_max) {
  const std::size_t most = resources.backend() == cuda::Backend::gpu ? block_lanes_gpu : block_lanes_cpu;
  const std::size_t lane_bytes = static_cast<std::size_t>(plan.buckets()) * sizeof(cuda::sweep::BucketSums);
  return std::clamp(bytes_max / lane_bytes, piece, most);
}

// The lanes of some combinations, and the columns that they read, sorted so that neighbouring lengths are
// neighbouring columns.
struct LaneBlock {
  std::vector<Lane> lanes;
  std::vector<ColumnKey> keys;
};

// Calls `use` with every column of a recipe.
template <class Use>
void each_key(const Recipe& recipe, const Use& use) {
  use(recipe.enter);
  for (const auto* key : {&recipe.minus, &recipe.stay, &recipe.gate, &recipe.side}) {
    if (*key) use(**key);
  }
}

// One for every column that a lane may have.
struct LaneFinder {
  ColumnFinder enter, minus, stay, gate, side;
  explicit LaneFinder(const std::vector<ColumnKey>& keys)
      : enter(keys), minus(keys), stay(keys), gate(keys), side(keys) {}
};

Lane lane_of(const Recipe& recipe, LaneFinder& finder, double stop, double target) {
  const auto find = [](ColumnFinder& of, const std::optional<ColumnKey>& key) {
    return key ? of.find(*key) : no_column;
  };
  Lane lane;
  lane.enter = finder.enter.find(recipe.enter);
  lane.minus = find(finder.minus, recipe.minus);
  lane.stay = find(finder.stay, recipe.stay);
  lane.gate = find(finder.gate, recipe.gate);
  lane.side = find(finder.side, recipe.side);
  lane.enter_level = static_cast<float>(recipe.enter_level);
  lane.stay_level = static_cast<float>(recipe.stay_level.value_or(recipe.enter_level));
  lane.gate_level = static_cast<float>(recipe.gate_level);
  lane.votes = recipe.votes;
  lane.stop = stop;
  lane.target = target;
  return lane;
}

// Calls `use(i, recipe, values)` for the combinations [first, end).
template <class Use>
void each_recipe(const Combinations& combinations, std::size_t first, std::size_t end, const Use& use) {
  std::vector<double> values(combinations.parameters().size());
  for (std::size_t i = first; i < end; ++i) {
    combinations.values(i, values);
    use(i, combinations.family().recipe(values), std::span<const double>(values));
  }
}

// Calls `use(first, end)` for pieces of [first, end), on all cores.
template <class Use>
void each_piece(std::size_t first, std::size_t end, const Use& use) {
  tbb::parallel_for(std::size_t{0}, (end - first + piece - 1) / piece,
                    [&](std::size_t p) { use(first + p * piece, std::min(end, first + (p + 1) * piece)); });
}

std::vector<ColumnKey> keys_of(const Combinations& combinations, std::size_t first, std::size_t end) {
  ColumnKeys keys;
  each_recipe(combinations, first, end, [&](std::size_t, const Recipe& recipe, auto) {
    each_key(recipe, [&](const ColumnKey& key) { keys.add(key); });
  });
  return std::move(keys).sorted();
}

// Takes more columns where all together are no more than columns_max, or the first of all.
bool take_keys(const std::vector<ColumnKey>& more, std::size_t columns_max, std::vector<ColumnKey>& keys) {
  std::vector<ColumnKey> all;
  std::ranges::set_union(keys, more, std::back_inserter(all));
  if (all.size() > columns_max && !keys.empty()) return false;
  keys = std::move(all);
  return true;
}

// The columns of all pieces and those before.
std::vector<ColumnKey> joined(const std::vector<ColumnKey>& keys,
                              std::span<const std::vector<ColumnKey>> of_pieces) {
  ColumnKeys all;
  for (const ColumnKey& key : keys) all.add(key);
  for (const auto& piece_keys : of_pieces) {
    for (const ColumnKey& key : piece_keys) all.add(key);
  }
  return std::move(all).sorted();
}

// As many combinations of [first, end) as have no more than columns_max columns together, one at least;
// returns their end.
std::size_t take_combinations(const Combinations& combinations, std::size_t first, std::size_t end,
                              std::size_t columns_max, std::vector<ColumnKey>& keys) {
  std::vector<std::vector<ColumnKey>> of_piece((end - first + piece - 1) / piece);
  each_piece(first, end, [&](std::size_t from, std::size_t to) {
    of_piece[(from - first) / piece] = keys_of(combinations, from, to);
  });
  std::vector<ColumnKey> all = joined(keys, of_piece);
  if (all.size() <= columns_max) {
    keys = std::move(all);
    return end;
  }
  for (std::size_t p = 0; p < of_piece.size(); ++p) {
    if (of_piece[p].size() <= columns_max && take_keys(of_piece[p], columns_max, keys)) continue;
    const std::size_t from = first + p * piece;
    for (std::size_t i = from; i < std::min(end, from + piece); ++i) {
      if (!take_keys(keys_of(combinations, i, i + 1), columns_max, keys)) return i;
    }
  }
  return end;
}

// Looks ahead further and further, so that blocks of few combinations cost little.
std::size_t fitting(const Combinations& combinations, std::size_t first, std::size_t end,
                    std::size_t columns_max, std::vector<ColumnKey>& keys) {
  for (std::size_t ahead = 8 * piece; first < end; ahead *= 2) {
    const std::size_t to = std::min(end, first + ahead);
    const std::size_t taken = take_combinations(combinations, first, to, columns_max, keys);
    if (taken < to) return taken;
    first = to;
  }
  return end;
}

LaneBlock block_from(const Combinations& combinations, std::size_t first, std::size_t lanes_max,
                     std::size_t columns_max) {
  LaneBlock block;
  const std::size_t end =
      fitting(combinations, first, std::min(combinations.size(), first + lanes_max), columns_max, block.keys);
  block.lanes.resize(end - first);
  each_piece(first, end, [&](std::size_t from, std::size_t to) {
    LaneFinder finder(block.keys);
    each_recipe(combinations, from, to, [&](std::size_t i, const Recipe& recipe, auto values) {
      block.lanes[i - first] = lane_of(recipe, finder, values[values.size() - 2], values[values.size() - 1]);
    });
  });
  return block;
}

cuda::sweep::Task task_of(const TradableSeries& series, const TimePlan& plan, const SweepSettings& settings,
                          const LaneBlock& block) {
  cuda::sweep::Task task;
  task.bars = {series.open, series.high, series.low, series.close};
  task.table.columns = block.keys.size();
  task.columns = block.keys;
  task.volume = series.volume;
  task.lanes = block.lanes;
  task.bucket = plan.bucket;
  task.buckets = plan.buckets();
  task.allowed = settings.allowed;
  task.rules = settings.rules;
  return task;
}

// One combination's sums by interval and by regime; returns those of all bars. Without regimes, by_regime has
// room for one.
Sums keep_sums(const TimePlan& plan, const cuda::sweep::BucketSums* buckets, Sums* intervals,
               std::span<Sums> by_regime) {
  std::ranges::fill(by_regime, Sums{});
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    Sums interval;
    for (std::size_t r = 0; r < by_regime.size(); ++r) {
      const std::size_t b = i * by_regime.size() + r;
      interval.add(buckets[b], static_cast<double>(plan.bucket_bars[b]));
      by_regime[r].add(buckets[b], static_cast<double>(plan.bucket_bars[b]));
    }
    intervals[i] = interval;
  }
  Sums total;
  for (const Sums& one : by_regime)
    total.add({one.sum, one.square_sum, one.downside_sum, one.held}, one.bars);
  return total;
}

// The results of the lanes [first_lane, end_lane) of a block whose rows begin at `first`.
void keep_lanes(const TradableSeries& series, const TimePlan& plan, const cuda::sweep::Results& results,
                std::size_t first_lane, std::size_t end_lane, std::size_t first, FamilySweep& out) {
  const std::size_t intervals = plan.intervals.size(), regimes = plan.regimes.size();
  const auto buckets = static_cast<std::size_t>(plan.buckets());
  each_piece(first_lane, end_lane, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      const std::size_t row = first + i;
      Sums whole;
      const std::span<Sums> by_regime =
          regimes == 0 ? std::span(&whole, 1) : std::span(out.regimes).subspan(row * regimes, regimes);
      const Sums total =
          keep_sums(plan, &results.buckets[i * buckets], &out.intervals[row * intervals], by_regime);
      out.rows[row] = {results.outcomes[i], metrics_of(results.outcomes[i], total, series.periods_per_year)};
    }
  });
}

// The pages of new elements, so that nobody waits for them later.
template <class T>
void touch(UnsetVector<T>& values) {
  constexpr std::size_t page = 4096;
  ask_for_large_pages(values.data(), values.size() * sizeof(T));
  auto* bytes = reinterpret_cast<char*>(values.data());
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, values.size() * sizeof(T), 64 * page),
                    [&](const auto& range) {
                      for (std::size_t at = range.begin(); at < range.end(); at += page) bytes[at] = 0;
                    });
}

void make_room(const TimePlan& plan, FamilySweep& out) {
  const std::size_t rows = out.combinations->size();
  out.rows.resize(rows);
  out.intervals.resize(rows * plan.intervals.size());
  out.regimes.resize(rows * plan.regimes.size());
  touch(out.rows);
  touch(out.intervals);
  touch(out.regimes);
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
  const std::size_t lanes_max = block_lanes(resources, plan, settings.table_bytes_max);
  const std::size_t columns_max =
      std::max<std::size_t>(8, settings.table_bytes_max / sizeof(float) / series.bars());
  for (std::size_t first = 0; first < combinations.size();) {
    const LaneBlock block = block_from(combinations, first, lanes_max, columns_max);
    cuda::sweep::Listener listener;
    if (first == 0) listener.meanwhile = [&] { make_room(plan, out); };
    listener.arrived = [&](const auto& results, std::size_t from, std::size_t to) {
      keep_lanes(series, plan, results, from, to, first, out);
    };
    cuda::sweep::run(resources, task_of(series, plan, settings, block), listener);
    first += block.lanes.size();
    if (settings.progress) settings.progress(block.lanes.size());
  }
  return out;
}

std::vector<FamilySweep> sweep_all(const cuda::Resources& resources, const TradableSeries& series,
                                   std::span<const Combinations> families, const TimePlan& plan,
                                   const SweepSettings& settings) {
  std::mutex telling;
  SweepSettings shared = settings;
  if (settings.progress) {
    shared.progress = [&](std::size_t count) {
      const std::lock_guard guard(telling);
      settings.progress(count);
    };
  }
  std::vector<FamilySweep> out(families.size());
  each_at_once(families.size(), families_at_once(resources),
               [&](std::size_t f) { out[f] = sweep(resources, series, families[f], plan, shared); });
  return out;
}

cuda::sweep::Journal backtest(const TradableSeries& series, const Combinations& combinations,
                              std::size_t combination, const TimePlan& plan, const SweepSettings& settings) {
  const std::vector<double> values = combinations.values(combination);
  LaneBlock block;
  block.keys = keys_of(combinations, combination, combination + 1);
  LaneFinder finder(block.keys);
  block.lanes = {lane_of(combinations.family().recipe(values), finder, values[values.size() - 2],
                         values[values.size() - 1])};
  return cuda::sweep::trace(task_of(series, plan, settings, block), 0);
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
