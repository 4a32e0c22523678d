// The lane kernel of rolling sums of products for one instruction set; compiled once per set (see
// regent_lanes in cuda/CMakeLists.txt). Lanes are assets; every sum runs over rows in their order.

#include "cuda/covariance/rolling_block.hpp"
#include "cuda/hmm/pack.hpp"

namespace regent::cuda::covariance {
namespace REGENT_INSTRUCTION_SET {
namespace {

using hmm::Lanes;
using Real = hmm::REGENT_INSTRUCTION_SET::Pack<double>;
constexpr int width = Lanes<Real>::width;
// accumulators: what the register file holds beside operands
constexpr int vectors = 2, rows = width == 8 ? 8 : 4;
static_assert(block_right % (vectors * width) == 0 && block_left % rows == 0);

struct Sums {
  Real of[rows][vectors];

  REGENT_BODY void clear() {
    for (int i = 0; i < rows; ++i) {
      for (int v = 0; v < vectors; ++v) of[i][v] = Lanes<Real>::all(0.0);
    }
  }
  REGENT_BODY void add(const double* left, const double* right) {
    Real r[vectors];
    for (int v = 0; v < vectors; ++v) r[v] = Lanes<Real>::load(right + v * width);
    for (int i = 0; i < rows; ++i) {
      const Real l = Lanes<Real>::all(left[i]);
      for (int v = 0; v < vectors; ++v) of[i][v] = fused(l, r[v], of[i][v]);
    }
  }
};

// Rows that every window has, then, from the last window to the first, what leaves before the last.
void backward(const RollingBlock& b, const double* left, const double* right, double* out) {
  Sums sums;
  sums.clear();
  for (int k = b.days - 1; k < b.window; ++k) sums.add(left + k * block_left, right + k * block_right);
  for (int d = b.days - 1; d >= 0; --d) {
    if (d < b.days - 1) sums.add(left + d * block_left, right + d * block_right);
    for (int i = 0; i < rows; ++i) {
      for (int v = 0; v < vectors; ++v) {
        Lanes<Real>::store(out + d * static_cast<std::ptrdiff_t>(b.day_stride) + i * b.stride + v * width,
                           sums.of[i][v]);
      }
    }
  }
}

// What enters after the first window, and the result.
void forward(const RollingBlock& b, const double* left, const double* right, const double* left_sums,
             const double* right_sums, double* out) {
  Sums sums;
  sums.clear();
  const Real scale = Lanes<Real>::all(b.scale);
  for (int d = 0; d < b.days; ++d) {
    const int entering = b.window + d - 1;
    if (d > 0) sums.add(left + entering * block_left, right + entering * block_right);
    Real of_right[vectors];
    for (int v = 0; v < vectors; ++v)
      of_right[v] = Lanes<Real>::load(right_sums + d * block_right + v * width);
    for (int i = 0; i < rows; ++i) {
      const Real of_left = Lanes<Real>::all(-left_sums[d * block_left + i]);
      for (int v = 0; v < vectors; ++v) {
        double* at = out + d * static_cast<std::ptrdiff_t>(b.day_stride) + i * b.stride + v * width;
        const Real sum = Lanes<Real>::load(at) + sums.of[i][v];
        Lanes<Real>::store(at, fused(of_left, of_right[v], sum) * scale);
      }
    }
  }
}

}  // namespace

void rolling_block(const RollingBlock& b) {
  for (int i = 0; i < block_left; i += rows) {
    for (int j = 0; j < block_right; j += vectors * width) {
      double* out = b.out + i * b.stride + j;
      backward(b, b.left + i, b.right + j, out);
      forward(b, b.left + i, b.right + j, b.left_sums + i, b.right_sums + j, out);
    }
  }
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::covariance
