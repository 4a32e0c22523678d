#pragma once
// Rolling covariance of many assets at every row:
//   cov_ij(t) = Σ (x_i − x̄_i)(x_j − x̄_j) / (N_ij − ddof)   over rows t − window + 1 … t
// with sums, means and N_ij over the rows of the window in which both are known. Accumulated in fp64.
//
// Nothing is ever subtracted when a row leaves the window: every tile of rows builds the sum over what its
// windows share anew and adds what each window has beside it. So an outlier that has left leaves no trace,
// and the error of a window depends on the values in that window alone. Deterministic from run to run,
// whatever the threads.

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

// Part of the lower triangles of consecutive rows t, in memory that the next tile reuses.
struct RollingTile {
  int first_row = 0, rows = 0;          // windows that end at first_row … first_row + rows − 1
  int first_asset = 0, assets = 0;      // i
  int stride = 0;                       // row i of a triangle is `stride` doubles long, of which i + 1 count
  const double* covariances = nullptr;  // [rows, assets, stride]
  // covariance of assets i and j ≤ i in the window that ends at `row`; i, row as in the input
  double at(int row, int i, int j) const { return row_of(row, i)[j]; }
  const double* row_of(int row, int i) const {
    return covariances + ((row - first_row) * assets + i - first_asset) * static_cast<std::ptrdiff_t>(stride);
  }
};

// Calls consume for every row from window − 1 on and every pair i ≥ j exactly once, in tiles, in no order and
// from several threads at the same time. Throws InputError when window, ddof or observations_min are out of
// range. Peak memory per thread: about (window + 128)·columns·16 bytes and 1 MB.
void rolling_covariance(const Resources& resources, const RollingInput& input,
                        const std::function<void(const RollingTile&)>& consume);

// The last window alone: [columns, columns], both triangles.
std::vector<double> last_rolling_covariance(const Resources& resources, const RollingInput& input);

}  // namespace regent::cuda::covariance
