#pragma once
// What GpuState holds. For .cu files only.

#include <cuda_runtime.h>

#include "cuda/runtime/gpu_state.hpp"

namespace regent::cuda {

struct GpuState {
  int device = 0;
  cudaStream_t stream = nullptr;
  cudaDeviceProp properties{};
};

}  // namespace regent::cuda
