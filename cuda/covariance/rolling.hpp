#pragma once
// Rolling covariance of many assets at every row:
//   cov_ij(t) = Σ (x_i − x̄_i)(x_j − x̄_j) / (N_ij − ddof)   over rows t − window + 1 … t
// with sums, means and N_ij over the rows of the window in which both are known. Accumulated in fp64.
//
// Nothing is ever subtracted when a row leaves the window: every tile of rows builds the sum over what its
// windows share anew and adds what each window has beside it. So an outlier that has left leaves no trace,
// and the error of a window depends on the values in that window alone. Deterministic from run to run,
// whatever the threads.

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::covariance {

struct RollingInput {
  std::span<const double> values;  // [rows, columns], row-major; NaN is missing, no infinities
  int rows = 0, columns = 0;
  int window = 0;            // 2 … rows
  int ddof = 1;              // 0 or 1
  int observations_min = 2;  // of a pair in a window; fewer: NaN
};

// Part of the lower triangles of consecutive windows, assets i against j <= i, in memory that the next tile
// reuses.
struct RollingTile {
  static constexpr int assets = 8, others = 16;
  int first_row = 0, rows = 0;  // windows that end at first_row … first_row + rows − 1
  int first_asset = 0;          // i: first_asset … end_asset() − 1
  int first_other = 0;          // j: first_other … end_other(i) − 1
  int columns = 0;
  const double* covariances = nullptr;  // [rows, assets, others]; what lies outside those ends means nothing

  int end_asset() const { return std::min(first_asset + assets, columns); }
  int end_other(int i) const { return std::min(first_other + others, i + 1); }
  // row, i, j as in the input
  double at(int row, int i, int j) const { return row_of(row, i)[j - first_other]; }
  const double* row_of(int row, int i) const {
    return covariances + ((row - first_row) * assets + i - first_asset) * others;
  }
  // What it holds of one row: row_at(i) is where the pair (i, 0) goes, its others after it.
  template <class RowAt>
  void copy(int row, const RowAt& row_at) const {
    for (int i = first_asset; i < end_asset(); ++i)
      std::copy_n(row_of(row, i), std::max(0, end_other(i) - first_other), row_at(i) + first_other);
  }
};

// Calls consume for every row from window − 1 on and every pair i ≥ j exactly once, in tiles, in no order and
// from several threads at the same time. Throws InputError when window, ddof or observations_min are out of
// range. Peak memory per thread: about 24 (window + 128) · columns bytes, twice that where values are
// missing.
void rolling_covariance(const Resources& resources, const RollingInput& input,
                        const std::function<void(const RollingTile&)>& consume);

// The last window alone: [columns, columns], both triangles.
std::vector<double> last_rolling_covariance(const Resources& resources, const RollingInput& input);

}  // namespace regent::cuda::covariance
