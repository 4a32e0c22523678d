#pragma once
// How a series is cut for statistics: blocks for the overfitting test, walk-forward folds, regimes. Every bar
// lies in one bucket (interval × regime), of which the sweep keeps sums.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace regent::strategies {

struct Span {
  std::int32_t first = 0, end = 0;  // bars [first, end)
  std::int32_t bars() const { return end - first; }
};

// Training bars begin at 1, so that a fold knows all history; purged bars lie between train and test.
struct Fold {
  Span train, test;
};

struct PlanSettings {
  int blocks = 10;     // even, 2 to 16; of the combinatorially symmetric cross-validation
  int folds = 0;       // walk-forward folds; 0: none
  int purge_bars = 0;  // left out between train and test
};

struct TimePlan {
  std::vector<Span> blocks;
  std::vector<Fold> folds;
  std::vector<Span> intervals;            // of bars 0 …, without gaps: no block or fold begins inside one
  std::vector<std::string> regimes;       // labels; empty: no regimes
  std::vector<std::int32_t> bucket;       // [bars]: interval · max(1, regimes) + regime
  std::vector<std::int64_t> bucket_bars;  // [buckets] bars from bar 1 on
  std::int32_t regime_count() const {
    return regimes.empty() ? 1 : static_cast<std::int32_t>(regimes.size());
  }
  std::int32_t buckets() const { return static_cast<std::int32_t>(intervals.size()) * regime_count(); }
};

// Throws InputError naming the field and what would be right.
void validate(const PlanSettings& settings);

// Without regimes. Throws InputError for wrong settings, and where the series is too short for the blocks and
// folds: each needs min_part_bars.
inline constexpr int min_part_bars = 10;
TimePlan time_plan(std::size_t bars, const PlanSettings& settings);

// One interval, no blocks and no folds. regime: [bars] index into labels, empty without labels.
TimePlan whole_plan(std::size_t bars, std::span<const std::int32_t> regime = {},
                    std::vector<std::string> labels = {});

}  // namespace regent::strategies
