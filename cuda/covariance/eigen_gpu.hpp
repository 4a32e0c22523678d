#pragma once
// Batched eigenproblems on the GPU. Internal to cuda/covariance and its benchmark.

#include <memory>

#include "cuda/covariance/eigen_job.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::covariance {

// by_size: own kernels (eigen_sweeps_body.hpp, in three stages, up to 128) while a matrix
// fits into a block's shared memory, cuSOLVER's XsyevBatched above. cusolver: always that.
enum class EigenGpuMethod { by_size, cusolver };

// Buffers on the device for up to `count_max` matrices. Throws InputError when it needs cuSOLVER and cannot
// load it.
template <class T>
class EigenGpu {
 public:
  EigenGpu(const Resources& resources, int size, int count_max,
           EigenGpuMethod method = EigenGpuMethod::by_size);
  ~EigenGpu();
  EigenGpu(const EigenGpu&) = delete;
  EigenGpu& operator=(const EigenGpu&) = delete;
  void send(const T* matrices, int count);
  // What was sent, as often as wanted; scaling and checks included. Our own kernels are waited for.
  void solve();
  void wait() const;                  // until it is solved
  void fetch(const EigenJob<T>& to);  // host pointers; waits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole of a job with host pointers, in chunks.
template <class T>
void eigen_gpu(const Resources& resources, const EigenJob<T>& job);

}  // namespace regent::cuda::covariance
