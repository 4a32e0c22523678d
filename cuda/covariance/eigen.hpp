#pragma once
// Eigenvalues and vectors of many symmetric matrices of one size.
//
// On the CPU up to 128: matrices are lanes of vector registers (eigen_body.hpp); above: Eigen, one matrix
// after the other on every thread. On a GPU up to 32: a warp for each matrix, up to 128: a block
// (eigen_sweeps_body.hpp), above: cuSOLVER, which must be there then (InputError). Each matrix is scaled by a
// power of two first, so that any finite magnitude works, and each result is checked by two probes against
// its own matrix. A matrix that cannot be solved is named and gets NaN; no matrix depends on another of its
// batch, nor on how many threads there are. CPU and GPU agree within the errors reported, not bit for bit.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::covariance {

inline constexpr int lanes_size_max = 128;

// T is float or double.
template <class T>
struct EigenBatch {
  std::span<const T> matrices;  // [count, size, size], of which the lower triangles are read
  int size = 0, count = 0;
  std::span<T> values;   // [count, size], ascending
  std::span<T> vectors;  // [count, size, size]: row k is the unit vector of values[k]; its sign means nothing
};

struct EigenReport {
  struct Failure {
    int index;        // of the matrix
    std::string why;  // "an entry is not finite", …
  };
  std::vector<Failure> failures;  // by index
  // the largest over the good matrices: ‖A − V'ΛV‖ / |λ|max and ‖VV' − 1‖, as root mean squares over two
  // probes
  double residual_max = 0, orthogonality_max = 0;
  int solved_by_host = 0;  // of a GPU's batch: what was not within tolerance there
};

// Throws InputError when size < 1. REQUIRES spans of those sizes. Entries below the smallest normal number
// count as zero when all of a matrix are.
template <class T>
EigenReport eigen_batch(const Resources& resources, const EigenBatch<T>& batch);

}  // namespace regent::cuda::covariance
