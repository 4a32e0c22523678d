#pragma once
// cuSOLVER's batched eigensolver. The library is loaded when it is first needed, as libtorch_cuda is, so that
// programs start on machines that do not have it; only its header is needed to build. For .cu files only.

#include <cuda_runtime.h>
#include <cusolverDn.h>

#include <cstddef>
#include <memory>

#include "cuda/runtime/device_buffer.cuh"

namespace regent::cuda::covariance {

class CusolverEigen {
 public:
  // Throws InputError when the library cannot be loaded. type: CUDA_R_32F or CUDA_R_64F
  CusolverEigen(cudaStream_t stream, cudaDataType type, int size, int count_max);
  ~CusolverEigen();
  CusolverEigen(const CusolverEigen&) = delete;
  CusolverEigen& operator=(const CusolverEigen&) = delete;
  // matrices [count, size, size], lower triangles row by row, become vectors in rows; values [count, size]
  // ascending; info [count]: 0 where it converged
  void solve(void* matrices, void* values, int* info, int count);

 private:
  cudaDataType type_;
  int size_;
  cusolverDnHandle_t handle_ = nullptr;
  cusolverDnParams_t params_ = nullptr;
  DeviceBuffer<std::byte> device_workspace_;
  std::unique_ptr<std::byte[]> host_workspace_;
  std::size_t device_bytes_ = 0, host_bytes_ = 0;
};

}  // namespace regent::cuda::covariance
