#include "strategies/overfitting.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

struct Split {
  double rank = 0;    // of the chosen trial in the other half, (0, 1)
  double sharpe = 0;  // of the chosen trial in the other half
};

double half_sharpe(const BlockSums* blocks, std::size_t count, std::uint32_t half, double bars) {
  double sum = 0, squares = 0;
  for (std::size_t b = 0; b < count; ++b) {
    if ((half >> b & 1U) == 0) continue;
    sum += blocks[b].sum;
    squares += blocks[b].square_sum;
  }
  const double mean = sum / bars, variance = (squares - sum * mean) / (bars - 1);
  return variance > 1e-12 * squares / bars ? mean / std::sqrt(variance) : 0;
}

double bars_of(std::span<const double> block_bars, std::uint32_t half) {
  double bars = 0;
  for (std::size_t b = 0; b < block_bars.size(); ++b) bars += (half >> b & 1U) != 0 ? block_bars[b] : 0;
  return bars;
}

Split split_of(std::span<const BlockSums> sums, std::span<const double> block_bars, std::uint32_t train) {
  const std::size_t blocks = block_bars.size(), trials = sums.size() / blocks;
  const std::uint32_t test = ((1U << blocks) - 1) & ~train;
  const double train_bars = bars_of(block_bars, train), test_bars = bars_of(block_bars, test);
  std::size_t best = 0;
  double best_sharpe = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < trials; ++i) {
    const double sharpe = half_sharpe(sums.data() + i * blocks, blocks, train, train_bars);
    if (sharpe > best_sharpe) {
      best = i;
      best_sharpe = sharpe;
    }
  }
  Split split;
  split.sharpe = half_sharpe(sums.data() + best * blocks, blocks, test, test_bars);
  double below = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    const double sharpe = half_sharpe(sums.data() + i * blocks, blocks, test, test_bars);
    below += sharpe < split.sharpe ? 1 : sharpe == split.sharpe ? 0.5 : 0;  // itself: one half
  }
  split.rank = (below + 0.5) / (static_cast<double>(trials) + 1);
  return split;
}

}  // namespace

Overfitting overfitting_of(std::span<const BlockSums> sums, std::span<const double> block_bars) {
  const std::size_t blocks = block_bars.size();
  REGENT_INVARIANT(blocks >= 2 && blocks <= 16 && blocks % 2 == 0 && sums.size() % blocks == 0,
                   "no even blocks");
  Overfitting result;
  const bool moved = std::ranges::any_of(sums, [](const BlockSums& one) { return one.square_sum > 0; });
  if (sums.size() / blocks < 2 || !moved) {
    result.probability = result.loss_probability = result.median_sharpe =
        std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  std::vector<std::uint32_t> halves;
  for (std::uint32_t half = 0; half < 1U << blocks; ++half) {
    if (std::popcount(half) == static_cast<int>(blocks / 2)) halves.push_back(half);
  }
  std::vector<Split> splits(halves.size());
  tbb::parallel_for(std::size_t{0}, halves.size(),
                    [&](std::size_t i) { splits[i] = split_of(sums, block_bars, halves[i]); });
  const auto share = [&](const auto& is) {
    return static_cast<double>(std::ranges::count_if(splits, is)) / static_cast<double>(splits.size());
  };
  result.splits = splits.size();
  result.probability = share([](const Split& s) { return s.rank <= 0.5; });
  result.loss_probability = share([](const Split& s) { return s.sharpe < 0; });
  std::ranges::nth_element(splits, splits.begin() + static_cast<std::ptrdiff_t>(splits.size() / 2), {},
                           &Split::sharpe);
  result.median_sharpe = splits[splits.size() / 2].sharpe;
  return result;
}

}  // namespace regent::strategies
