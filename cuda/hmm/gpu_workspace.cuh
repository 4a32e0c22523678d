#pragma once
// How much of the forward pass the device keeps at once, and where one block of lanes finds its rows of it.

#include <algorithm>

#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/run_body.hpp"

namespace regent::cuda::hmm {

inline constexpr std::size_t gpu_kept_bytes = std::size_t{512} << 20;  // of all lanes together

template <class T>
KeptSpan gpu_span(const BatchView<T>& batch) {
  return span_within(batch, lane_block, gpu_kept_bytes / blocks_of(batch.lanes));
}

template <class T>
__device__ T* workspace_of_block(T* base, std::size_t rows) {
  return base + static_cast<std::size_t>(blockIdx.x) * rows * lane_block + threadIdx.x;
}

}  // namespace regent::cuda::hmm
