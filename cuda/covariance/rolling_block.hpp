#pragma once
// Rolling sums of products of one block of assets, as the lane kernels take them.

#include <cstddef>

namespace regent::cuda::covariance {

inline constexpr int block_left = 8, block_right = 16;  // assets of a block
inline constexpr int block_size = block_left * block_right;
inline constexpr int leaf_days_max = 16;  // of a leaf: its sums stay in the L1 cache

// Values of a block by rows.
struct RollingBlock {
  const double* left;   // [rows, block_left]
  const double* right;  // [rows, block_right]
};

// Windows first … last that share the rows of `core`, which are last … first + window − 1:
//   out[d − first][i][j] = Σ_{k = d}^{d + window − 1} left[k][i] · right[k][j] − left_sums[d][i] ·
//   right_sums[d][j]
struct RollingLeaf {
  RollingBlock block;
  const double* left_sums;   // [windows, block_left]
  const double* right_sums;  // [windows, block_right]
  int first, last, window;
  const double* core;  // [block_left, block_right]: the sum over the rows that all windows share
  double* out;         // [last − first + 1, block_left, block_right]
};

struct RollingKernels {
  // sums = before + Σ_{k = from}^{to − 1} left[k] right[k]'; [block_left, block_right]
  void (*add_rows)(const RollingBlock& block, int from, int to, const double* before, double* sums);
  void (*leaf)(const RollingLeaf& leaf);
};

namespace baseline {
const RollingKernels& rolling_kernels();
}
namespace avx2 {
const RollingKernels& rolling_kernels();
}
namespace avx512 {
const RollingKernels& rolling_kernels();
}

}  // namespace regent::cuda::covariance
