#pragma once
// What the eigensolver's lane kernels take.

#include <cstddef>
#include <cstdint>

namespace regent::cuda::covariance {

enum class EigenOutcome : std::uint8_t { solved, not_finite, not_converged, out_of_range };

template <class T>
struct EigenJob {
  const T* matrices;  // [count, size, size], lower triangles
  int size, count;
  T *values, *vectors;          // as in EigenBatch
  T *residual, *orthogonality;  // [count]
  EigenOutcome* outcomes;       // [count]
};

template <class T>
struct EigenKernels {
  int width;                       // matrices of a group
  std::size_t (*space)(int size);  // scalars that a group needs
  void (*solve)(const EigenJob<T>& job, int group, T* space);
};

#define REGENT_EIGEN_KERNELS(set)                     \
  namespace set {                                     \
  const EigenKernels<float>& eigen_float_kernels();   \
  const EigenKernels<double>& eigen_double_kernels(); \
  }
REGENT_EIGEN_KERNELS(baseline)
REGENT_EIGEN_KERNELS(avx2)
REGENT_EIGEN_KERNELS(avx512)
#undef REGENT_EIGEN_KERNELS

}  // namespace regent::cuda::covariance
