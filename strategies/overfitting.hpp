#pragma once
// How much of the best result is luck of having tried many.

#include <cstddef>
#include <span>
#include <vector>

#include "strategies/metrics.hpp"

namespace regent::strategies {

struct BlockSums {
  double sum = 0, square_sum = 0;
};

struct Overfitting {
  double probability =
      0;  // share of splits in which the best of one half lies in the lower half of the other
  double loss_probability = 0;  // share of splits in which the best of one half loses in the other
  double median_sharpe = 0;     // of the best of one half in the other half, per bar
  std::size_t splits = 0;
};

// Combinatorially symmetric cross-validation. sums: [trials, blocks], block_bars: [blocks], blocks even. A
// trial without any variance in a half counts as a Sharpe ratio of zero. NaN for fewer than two trials, and
// where none earned or lost anything: all are equal then.
// Source: Bailey, Borwein, López de Prado & Zhu (2015), The Probability of Backtest Overfitting.
Overfitting overfitting_of(std::span<const BlockSums> sums, std::span<const double> block_bars);

}  // namespace regent::strategies
