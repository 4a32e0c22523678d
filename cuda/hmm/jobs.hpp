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
  const T* terminal = nullptr;  // [blocks, states, 32]: β of the last bar; nullptr: one
  std::int64_t segment = 0;     // bars whose forward pass is kept at once, a multiple of flush_every
};

template <class T>
struct ExpectationJob {
  BatchView<T> batch;
  const std::uint8_t* active = nullptr;  // [lanes]; a group without an active lane costs nothing
  double* counts = nullptr;              // [blocks, counts, 32]
  double* log_likelihood = nullptr;      // [blocks, 32]; NaN where float lost the only path
  const T* terminal = nullptr;           // as in SmoothJob
  std::int64_t segment = 0;
};

template <class T>
struct ViterbiJob {
  BatchView<T> batch;
  std::uint8_t* path = nullptr;        // [blocks, steps, 32]
  double* log_probability = nullptr;   // [blocks, 32] of path and data
  const std::int32_t* last = nullptr;  // [blocks, 32]: the state to end in; nullptr: the best
  double* scores = nullptr;            // [blocks, states, 32]: log probability of the best path to each state
};

// One group is `width` neighbouring lanes of one block, the first being group·width. `workspace` holds the
// rows that *_workspace_rows says, `width` values of T each; origins are as wide as T.
template <class T>
struct LaneKernels {
  int width;
  void (*forward)(const ForwardJob<T>& job, int group, T* workspace);
  void (*smooth)(const SmoothJob<T>& job, int group, T* workspace);
  void (*expectation)(const ExpectationJob<T>& job, int group, T* workspace);
  void (*viterbi)(const ViterbiJob<T>& job, int group, T* workspace);
};

inline constexpr std::int64_t block_bars = 64;  // flush_every of the bodies

// Bars per segment such that the kept rows of one group stay within `bytes`: whole blocks, at least one.
template <class T>
inline std::int64_t segment_within(const BatchView<T>& batch, int width, std::size_t bytes) {
  const std::size_t per_bar = std::size_t{2} * batch.shape.states() * width * sizeof(T);
  const auto blocks = static_cast<std::int64_t>(bytes / per_bar) / block_bars;
  const std::int64_t all = (batch.steps + block_bars - 1) / block_bars;
  return block_bars * (blocks < 1 ? 1 : blocks < all ? blocks : all);
}
template <class T>
inline std::size_t forward_workspace_rows(const BatchView<T>& batch) {
  return static_cast<std::size_t>(block_bars) * batch.shape.states();
}
template <class T>
inline std::size_t both_ways_workspace_rows(const BatchView<T>& batch, std::int64_t segment) {
  const std::int64_t segments = (batch.steps + segment - 1) / segment;
  return static_cast<std::size_t>(2 * segment + segments) * batch.shape.states() + segments;
}
template <class T>
inline std::size_t expectation_workspace_rows(const BatchView<T>& batch, std::int64_t segment) {
  const std::size_t block = batch.shape.states() + 3 * batch.shape.macros;
  return block_bars * block + both_ways_workspace_rows(batch, segment);
}

// Where the best predecessor of a state is kept: as many bits as its number needs, in words as wide as T.
template <class T>
struct OriginPacking {
  int bits, per_word, words;
  REGENT_HD explicit OriginPacking(int states)
      : bits(states <= 2    ? 1
             : states <= 4  ? 2
             : states <= 16 ? 4
                            : 8),
        per_word(static_cast<int>(sizeof(T)) * 8 / bits),
        words((states + per_word - 1) / per_word) {}
};
template <class T>
inline std::size_t viterbi_log_rows(const BatchView<T>& batch) {
  const AnyShape shape(batch.shape);
  return ParameterLayout<AnyShape>{shape}.size() + block_bars * shape.states;
}
template <class T>
inline std::size_t viterbi_origin_rows(const BatchView<T>& batch) {
  return static_cast<std::size_t>(batch.steps) * OriginPacking<T>(batch.shape.states()).words;
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
