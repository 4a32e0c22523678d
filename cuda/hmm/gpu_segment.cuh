#pragma once
// How much of the forward pass the device keeps at once, and where one block of lanes finds its rows of it.

#include <algorithm>

#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/run_body.hpp"

namespace regent::cuda::hmm {

inline constexpr std::size_t gpu_kept_bytes = std::size_t{512} << 20;  // of all lanes together

// Weights are kept as long as densities (finds_weights_again).
template <class T>
Kept gpu_kept(const BatchView<T>& batch) {
  const std::size_t half = gpu_kept_bytes / 2 / blocks_of(batch.lanes);
  return kept_within(batch, lane_block, half, half);
}

template <class T>
__device__ T* workspace_of_block(T* base, std::size_t rows) {
  return base + static_cast<std::size_t>(blockIdx.x) * rows * lane_block + threadIdx.x;
}

}  // namespace regent::cuda::hmm
