#pragma once
// What the kernels of the warm start take.

#include "cuda/covariance/eigen_job.hpp"

namespace regent::cuda::covariance {

template <class T>
struct EigenUpdateJob {
  EigenJob<T> eigen;  // outcome not_converged: to be solved from the start
  T keep;
  int rows;
  const T *weights, *directions;  // as in EigenUpdate
};

template <class T>
struct EigenUpdateKernels {
  std::size_t (*space)(int size);  // scalars that a matrix needs
  void (*update)(const EigenUpdateJob<T>& job, int index, T* space);
};

#define REGENT_EIGEN_UPDATE_KERNELS(set)                           \
  namespace set {                                                  \
  const EigenUpdateKernels<float>& eigen_update_float_kernels();   \
  const EigenUpdateKernels<double>& eigen_update_double_kernels(); \
  }
REGENT_EIGEN_UPDATE_KERNELS(baseline)
REGENT_EIGEN_UPDATE_KERNELS(avx2)
REGENT_EIGEN_UPDATE_KERNELS(avx512)
#undef REGENT_EIGEN_UPDATE_KERNELS

}  // namespace regent::cuda::covariance
