#pragma once
// What a launcher hands to the lane kernels, and the table of kernels that each instruction set fills.

#include "cuda/hmm/layout.hpp"

namespace regent::cuda::hmm {

template <class T>
struct ForwardJob {
  BatchView<T> batch;
  T* posteriors = nullptr;           // [blocks, steps, states, 32] filtered; nullptr: not wanted
  double* log_likelihood = nullptr;  // [blocks, 32]
};

template <class T>
struct SmoothJob {
  BatchView<T> batch;
  T* posteriors = nullptr;  // [blocks, steps, states, 32]
  double* log_likelihood = nullptr;
};

template <class T>
struct ExpectationJob {
  BatchView<T> batch;
  const std::uint8_t* active = nullptr;  // [lanes]; a group without an active lane costs nothing
  double* counts = nullptr;              // [blocks, counts, 32]
  double* log_likelihood = nullptr;      // [blocks, 32]; NaN where float lost the only path
};

template <class T>
struct ViterbiJob {
  BatchView<T> batch;
  std::uint8_t* path = nullptr;       // [blocks, steps, 32]
  double* log_probability = nullptr;  // [blocks, 32] of path and data
};

// One group is `width` neighbouring lanes of one block, the first being group·width. `workspace` holds
// workspace_rows(job)·width values of T, aligned to 64 bytes.
template <class T>
struct LaneKernels {
  int width;
  void (*forward)(const ForwardJob<T>& job, int group);
  void (*smooth)(const SmoothJob<T>& job, int group, T* workspace);
  void (*expectation)(const ExpectationJob<T>& job, int group, T* workspace);
  void (*viterbi)(const ViterbiJob<T>& job, int group, T* workspace);
};

template <class T>
inline std::size_t smooth_workspace_rows(const BatchView<T>& batch) {
  return static_cast<std::size_t>(batch.steps) * 2 * batch.shape.states();
}
template <class T>
inline std::size_t expectation_workspace_rows(const BatchView<T>& batch) {
  const AnyShape shape(batch.shape);
  return smooth_workspace_rows(batch) + CountLayout<AnyShape>{shape}.size();
}
template <class T>
inline std::size_t viterbi_workspace_rows(const BatchView<T>& batch) {
  // one byte per bar and state for the way back, and the log parameters
  const AnyShape shape(batch.shape);
  return (static_cast<std::size_t>(batch.steps) * shape.states + sizeof(T) - 1) / sizeof(T) +
         ParameterLayout<AnyShape>{shape}.size();
}

#define REGENT_DECLARE_LANE_KERNELS(set)       \
  namespace set {                              \
  const LaneKernels<float>& float_kernels();   \
  const LaneKernels<double>& double_kernels(); \
  }
REGENT_DECLARE_LANE_KERNELS(baseline)
REGENT_DECLARE_LANE_KERNELS(avx2)
REGENT_DECLARE_LANE_KERNELS(avx512)
#undef REGENT_DECLARE_LANE_KERNELS

}  // namespace regent::cuda::hmm
