#pragma once
// Host memory that the device reads and writes without a detour, at the full speed of the bus. For .cu files
// only.

#include "cuda/runtime/owned_memory.cuh"

namespace regent::cuda {

struct PinnedMemory {
  static void take(void** at, std::size_t bytes) { REGENT_CUDA_CHECK(cudaMallocHost(at, bytes)); }
  // a destructor cannot report; a sticky error appears at the next check
  static void give_back(void* at) { cudaFreeHost(at); }
};

template <class T>
using PinnedBuffer = OwnedMemory<T, PinnedMemory>;

}  // namespace regent::cuda
