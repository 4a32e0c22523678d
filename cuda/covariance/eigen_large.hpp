#pragma once
// One symmetric matrix of any size by Eigen, checked as the lane kernels check theirs.

#include "cuda/covariance/eigen_job.hpp"

namespace regent::cuda::covariance {

template <class T>
void solve_large(const EigenJob<T>& job, int index);

}  // namespace regent::cuda::covariance
