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
  std::int64_t segment = 0;  // bars whose forward pass is kept at once
};

template <class T>
struct ExpectationJob {
  BatchView<T> batch;
  const std::uint8_t* active = nullptr;  // [lanes]; a group without an active lane costs nothing
  double* counts = nullptr;              // [blocks, counts, 32]
  double* log_likelihood = nullptr;      // [blocks, 32]; NaN where float lost the only path
  std::int64_t segment = 0;              // bars whose forward pass is kept at once
};

template <class T>
struct ViterbiJob {
  BatchView<T> batch;
  std::uint8_t* path = nullptr;       // [blocks, steps, 32]
  double* log_probability = nullptr;  // [blocks, 32] of path and data
};

// One group is `width` neighbouring lanes of one block, the first being group·width. `workspace` holds the
// rows that
// *_workspace_rows says, `width` values of T each.
template <class T>
struct LaneKernels {
  int width;
  void (*forward)(const ForwardJob<T>& job, int group);
  void (*smooth)(const SmoothJob<T>& job, int group, T* workspace);
  void (*expectation)(const ExpectationJob<T>& job, int group, T* workspace);
  void (*viterbi)(const ViterbiJob<T>& job, int group, T* workspace);
};

// Bars per segment such that the kept rows of one group stay within `bytes`, but never less than 64 bars.
template <class T>
inline std::int64_t segment_within(const BatchView<T>& batch, int width, std::size_t bytes) {
  const std::size_t per_bar = std::size_t{2} * batch.shape.states() * width * sizeof(T);
  const auto segment = static_cast<std::int64_t>(bytes / per_bar);
  return segment < 64 ? (batch.steps < 64 ? batch.steps : 64) : segment < batch.steps ? segment : batch.steps;
}
template <class T>
inline std::size_t both_ways_workspace_rows(const BatchView<T>& batch, std::int64_t segment) {
  const std::int64_t segments = (batch.steps + segment - 1) / segment;
  return static_cast<std::size_t>(2 * segment + segments) * batch.shape.states();
}
template <class T>
inline std::size_t expectation_workspace_rows(const BatchView<T>& batch, std::int64_t segment) {
  const AnyShape shape(batch.shape);
  return both_ways_workspace_rows(batch, segment) + CountLayout<AnyShape>{shape}.rows(batch.law);
}
template <class T>
inline std::size_t viterbi_workspace_rows(const BatchView<T>& batch) {
  // the log parameters, and one byte per bar and state for the way back
  const AnyShape shape(batch.shape);
  return ParameterLayout<AnyShape>{shape}.size() +
         (static_cast<std::size_t>(batch.steps) * shape.states + sizeof(T) - 1) / sizeof(T);
}

#define REGENT_DECLARE_LANE_KERNELS(set)               \
  namespace set {                                      \
  const LaneKernels<float>& float_kernels();           \
  const LaneKernels<double>& double_kernels();         \
  const LaneKernels<float>& student_float_kernels();   \
  const LaneKernels<double>& student_double_kernels(); \
  }
REGENT_DECLARE_LANE_KERNELS(baseline)
REGENT_DECLARE_LANE_KERNELS(avx2)
REGENT_DECLARE_LANE_KERNELS(avx512)
#undef REGENT_DECLARE_LANE_KERNELS

}  // namespace regent::cuda::hmm
