#pragma once
// One block of a rolling sum of products, as the lane kernels take it.

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::covariance {

inline constexpr int block_left = 8, block_right = 16;  // assets of a block

// out[d][i][j] = scale · (Σ_{k = d}^{d + window − 1} left[k][i] · right[k][j] − left_sums[d][i] ·
// right_sums[d][j]) for d = 0 … days − 1. REQUIRES days <= window.
struct RollingBlock {
  const double* left;        // [days + window − 1, block_left]
  const double* right;       // [days + window − 1, block_right]
  const double* left_sums;   // [days, block_left]
  const double* right_sums;  // [days, block_right]
  double scale;
  int window, days;
  double* out;  // rows of `stride` doubles, days `day_stride` apart
  int stride, day_stride;
};

namespace baseline {
void rolling_block(const RollingBlock& block);
}
namespace avx2 {
void rolling_block(const RollingBlock& block);
}
namespace avx512 {
void rolling_block(const RollingBlock& block);
}

}  // namespace regent::cuda::covariance
