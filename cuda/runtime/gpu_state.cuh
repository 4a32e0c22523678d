#pragma once
// What GpuState holds. For .cu files only.

#include <cuda_runtime.h>

#include <map>
#include <memory>
#include <mutex>
#include <typeindex>

#include "cuda/runtime/gpu_state.hpp"

namespace regent::cuda {

struct GpuState {
  int device = 0;
  cudaStream_t stream = nullptr;
  cudaDeviceProp properties{};
  // What operations keep between their calls, each a type of its own.
  std::mutex keeping;
  std::map<std::type_index, std::shared_ptr<void>> kept;
};

// Made at the first call, and gone with the state.
template <class Kept>
std::shared_ptr<Kept> kept_of(GpuState& state) {
  const std::lock_guard guard(state.keeping);
  std::shared_ptr<void>& kept = state.kept[typeid(Kept)];
  if (!kept) kept = std::make_shared<Kept>();
  return std::static_pointer_cast<Kept>(kept);
}

}  // namespace regent::cuda
