#pragma once
// Every CUDA return code is checked, always. For .cu files only.

#include <cuda_runtime.h>

#include <string>

#include "base/error.hpp"

namespace regent::cuda {

inline void check(cudaError_t code, const char* call, const char* file, int line) {
  if (code == cudaSuccess) return;
  cudaGetLastError();  // clears an error that is not sticky, so that the next call is not blamed for it
  throw Error(std::string(file) + ":" + std::to_string(line) + ": " + call +
              " failed: " + cudaGetErrorName(code) + " (" + cudaGetErrorString(code) + ")");
}

}  // namespace regent::cuda

#define REGENT_CUDA_CHECK(call) ::regent::cuda::check((call), #call, __FILE__, __LINE__)

// Launches a kernel and checks that it was accepted; the message names the kernel, file and line. Errors
// while it runs appear at the next synchronisation.
#define REGENT_CUDA_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)               \
  do {                                                                                   \
    kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__);                  \
    ::regent::cuda::check(cudaGetLastError(), "launch of " #kernel, __FILE__, __LINE__); \
  } while (false)
