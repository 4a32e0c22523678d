#include "strategies/sweep.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/error.hpp"
#include "base/large_pages.hpp"
#include "strategies/each_at_once.hpp"
#include "strategies/lane_block.hpp"

namespace regent::strategies {
namespace {

// Lanes in one call: progress is seen between calls. A GPU takes all at once that it can.
constexpr std::size_t block_lanes_cpu = 65'536, block_lanes_gpu = 262'144;
// Families that a GPU sweeps at once: more than 8 find no queue of their own. A run keeps up to about 1 GB of
// it, and a 32nd of its memory.
std::size_t families_at_once(const cuda::Resources& resources) {
  if (resources.backend() != cuda::Backend::gpu) return 1;
  constexpr std::size_t bytes_each = std::size_t{4} << 30, most = 8;
  return std::clamp<std::size_t>(resources.gpu_memory_bytes() / bytes_each, 1, most);
}

std::size_t block_lanes(const cuda::Resources& resources, const TimePlan& plan, std::size_t bytes_max) {
  const std::size_t most = resources.backend() == cuda::Backend::gpu ? block_lanes_gpu : block_lanes_cpu;
  const std::size_t lane_bytes = static_cast<std::size_t>(plan.buckets()) * sizeof(cuda::sweep::BucketSums);
  return std::clamp(bytes_max / lane_bytes, piece, most);
}

// One combination's sums by interval; returns those of all bars.
Sums keep_sums(const TimePlan& plan, const cuda::sweep::BucketSums* buckets, Sums* intervals) {
  Sums total;
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    intervals[i] = {};
    intervals[i].add(buckets[i], static_cast<double>(plan.bucket_bars[i]));
    total.add(intervals[i]);
  }
  return total;
}

// The results of the lanes [first_lane, end_lane) of a block whose rows begin at `first`.
void keep_lanes(const TradableSeries& series, const TimePlan& plan, const cuda::sweep::Results& results,
                std::size_t first_lane, std::size_t end_lane, std::size_t first, FamilySweep& out) {
  const std::size_t intervals = plan.intervals.size();
  each_piece(first_lane, end_lane, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      const std::size_t row = first + i;
      const Sums total = keep_sums(plan, &results.buckets[i * intervals], &out.intervals[row * intervals]);
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
  touch(out.rows);
  touch(out.intervals);
}

// Sharpe ratios one after the other, NaN where there is none.
class TrialCount {
 public:
  void add(double sharpe) {
    count_ += 1;
    if (!std::isfinite(sharpe)) return;
    known_ += 1;
    const double apart = sharpe - mean_;
    mean_ += apart / known_;
    squares_ += apart * (sharpe - mean_);
  }
  Trials trials() const { return {count_, known_ > 1 ? squares_ / (known_ - 1) : 0}; }

 private:
  std::size_t count_ = 0;
  double known_ = 0, mean_ = 0, squares_ = 0;
};

FoldResult best_of_fold(std::span<const FamilySweep> families, const TimePlan& plan, const Fold& fold,
                        double periods_per_year, Sums& tested) {
  FoldResult best{fold};
  best.train_sharpe = -std::numeric_limits<double>::infinity();
  TrialCount trials;
  for (std::size_t f = 0; f < families.size(); ++f) {
    for (std::size_t row = 0; row < families[f].rows.size(); ++row) {
      const double sharpe = sharpe_of(sums_of(families[f], row, plan, fold.train), periods_per_year);
      trials.add(sharpe);
      const double judged = std::isnan(sharpe) ? 0 : sharpe;  // as the overfitting test counts it
      if (judged > best.train_sharpe) best = {fold, f, row, judged};
    }
  }
  best.trials = trials.trials();
  const Sums test = sums_of(families[best.family], best.combination, plan, fold.test);
  best.test_sharpe = sharpe_of(test, periods_per_year);
  best.test_mean = mean_of(test);
  tested.add(test);
  return best;
}

}  // namespace

FamilySweep sweep(const cuda::Resources& resources, const TradableSeries& series,
                  const Combinations& combinations, const TimePlan& plan, const SweepSettings& settings) {
  REGENT_INVARIANT(plan.regimes.empty(), "a sweep by regime is sweep_regimes()");
  FamilySweep out;
  out.combinations = &combinations;
  const std::size_t lanes_max = block_lanes(resources, plan, settings.table_bytes_max);
  const std::size_t columns_max = columns_max_of(series, settings);
  for (std::size_t first = 0; first < combinations.size();) {
    const std::size_t end = std::min(combinations.size(), first + lanes_max);
    const LaneBlock block = block_from(combinations, first, end, columns_max);
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
  const LaneBlock block =
      block_from(combinations, combination, combination + 1, columns_max_of(series, settings));
  return cuda::sweep::trace(task_of(series, plan, settings, block), 0);
}

Sums sums_of(const FamilySweep& family, std::size_t combination, const TimePlan& plan, const Span& span) {
  Sums sums;
  for (std::size_t i = 0; i < plan.intervals.size(); ++i) {
    const Span& interval = plan.intervals[i];
    if (interval.first < span.first || interval.end > span.end) continue;
    sums.add(family.intervals[combination * plan.intervals.size() + i]);
  }
  return sums;
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
  TrialCount trials;
  for (const FamilySweep& family : families) {
    for (const Row& row : family.rows) trials.add(row.metrics.sharpe);
  }
  return trials.trials();
}

}  // namespace regent::strategies
