#pragma once
// Combinations as lanes of one call, and the columns that they read. Internal to the room.

#include <tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "strategies/column_keys.hpp"
#include "strategies/sweep.hpp"

namespace regent::strategies {

// Combinations that a thread takes in hand together.
inline constexpr std::size_t piece = 1024;

// Calls `use(first, end)` for pieces of [first, end), on all cores.
template <class Use>
void each_piece(std::size_t first, std::size_t end, const Use& use) {
  tbb::parallel_for(std::size_t{0}, (end - first + piece - 1) / piece,
                    [&](std::size_t p) { use(first + p * piece, std::min(end, first + (p + 1) * piece)); });
}

// The lanes of some combinations, and the columns that they read, sorted so that neighbouring lengths are
// neighbouring columns.
struct LaneBlock {
  std::vector<cuda::sweep::Lane> lanes;
  std::vector<ColumnKey> keys;
};

// As many combinations of [first, end) as have no more than columns_max columns together, one at least.
LaneBlock block_from(const Combinations& combinations, std::size_t first, std::size_t end,
                     std::size_t columns_max);

// REQUIRES that series, plan, settings and block outlive it.
cuda::sweep::Task task_of(const TradableSeries& series, const TimePlan& plan, const SweepSettings& settings,
                          const LaneBlock& block);

// Columns of a table that settings allow, eight at least.
std::size_t columns_max_of(const TradableSeries& series, const SweepSettings& settings);

}  // namespace regent::strategies
