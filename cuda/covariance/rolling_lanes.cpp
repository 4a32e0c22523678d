// The lane kernels of rolling sums of products for one instruction set; compiled once per set (see
// regent_lanes in cuda/CMakeLists.txt). Lanes are assets; every sum runs over rows in an order of its own,
// never backwards.

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

using Sums = Real[rows][vectors];

// Unrolled, so that the sums stay in registers.
#define REGENT_EACH_VECTOR _Pragma("GCC unroll 2") for (int v = 0; v < vectors; ++v)
#define REGENT_EACH_SUM _Pragma("GCC unroll 8") for (int i = 0; i < rows; ++i) REGENT_EACH_VECTOR

REGENT_BODY void load(Sums& sums, const double* from) {
  REGENT_EACH_SUM sums[i][v] = Lanes<Real>::load(from + i * block_right + v * width);
}
REGENT_BODY void store(const Sums& sums, double* to) {
  REGENT_EACH_SUM Lanes<Real>::store(to + i * block_right + v * width, sums[i][v]);
}
REGENT_BODY void add(Sums& sums, const double* left, const double* right) {
  Real r[vectors];
  REGENT_EACH_VECTOR r[v] = Lanes<Real>::load(right + v * width);
  REGENT_EACH_SUM sums[i][v] = fused(Lanes<Real>::all(left[i]), r[v], sums[i][v]);
}

// Part of a block that fits the registers, at asset i of the left and j of the right ones.
RollingBlock part_of(const RollingBlock& block, int i, int j) {
  return {block.left + i, block.right + j};
}
constexpr int part_offset(int i, int j) {
  return i * block_right + j;
}

void add_rows_of_part(const RollingBlock& part, int from, int to, const double* before, double* after) {
  Sums sums;
  load(sums, before);
  for (int k = from; k < to; ++k) add(sums, part.left + k * block_left, part.right + k * block_right);
  store(sums, after);
}

// From the last window to the first, what leaves before the last.
void backward(const RollingLeaf& leaf, const RollingBlock& part, const double* core, double* out) {
  Sums sums;
  load(sums, core);
  for (int d = leaf.last;; --d) {
    store(sums, out + (d - leaf.first) * block_size);
    if (d == leaf.first) return;
    add(sums, part.left + (d - 1) * block_left, part.right + (d - 1) * block_right);
  }
}

// What enters after the first window, and the result.
void forward(const RollingLeaf& leaf, const RollingBlock& part, const double* left_sums,
             const double* right_sums, double* out) {
  Sums sums;
  REGENT_EACH_SUM sums[i][v] = Lanes<Real>::all(0.0);
  for (int d = leaf.first;; ++d) {
    Real of_right[vectors];
    REGENT_EACH_VECTOR of_right[v] = Lanes<Real>::load(right_sums + d * block_right + v * width);
    double* at = out + (d - leaf.first) * block_size;
    REGENT_EACH_SUM {
      double* entry = at + i * block_right + v * width;
      const Real of_left = Lanes<Real>::all(left_sums[d * block_left + i]);
      Lanes<Real>::store(entry, fused(of_left, of_right[v], Lanes<Real>::load(entry) + sums[i][v]));
    }
    if (d == leaf.last) return;
    add(sums, part.left + (leaf.window + d) * block_left, part.right + (leaf.window + d) * block_right);
  }
}
#undef REGENT_EACH_SUM
#undef REGENT_EACH_VECTOR

void add_rows(const RollingBlock& block, int from, int to, const double* before, double* sums) {
  for (int i = 0; i < block_left; i += rows) {
    for (int j = 0; j < block_right; j += vectors * width) {
      add_rows_of_part(part_of(block, i, j), from, to, before + part_offset(i, j), sums + part_offset(i, j));
    }
  }
}

void solve_leaf(const RollingLeaf& leaf) {
  for (int i = 0; i < block_left; i += rows) {
    for (int j = 0; j < block_right; j += vectors * width) {
      const RollingBlock part = part_of(leaf.block, i, j);
      double* out = leaf.out + part_offset(i, j);
      backward(leaf, part, leaf.core + part_offset(i, j), out);
      forward(leaf, part, leaf.left_sums + i, leaf.right_sums + j, out);
    }
  }
}

constexpr RollingKernels kernels{add_rows, solve_leaf};

}  // namespace

const RollingKernels& rolling_kernels() {
  return kernels;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::covariance
