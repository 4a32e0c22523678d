#pragma once
// What a launcher hands to the lane kernels, and the table of kernels that each instruction set fills.

#include "cuda/hmm/layout.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

// Bars whose sums are in T before they go to fp64.
inline constexpr int flush_every = 128;

// Bars that go through one pass after the other before the next ones do, a divisor of flush_every: so few
// that what a pass leaves for the next is still in the nearest caches, of which a GPU's threads have little
// each. No result depends on it.
REGENT_HD constexpr int pass_bars_of(int width) {
  return width == 1 ? 16 : 32;
}
inline constexpr int pass_bars_max = 32;
template <class R>
inline constexpr int pass_bars = pass_bars_of(Lanes<R>::width);
// What is kept of bars between the ways forward and back comes in blocks of so many, whole passes.
inline constexpr int kept_block = 64;
// Bars that go through Viterbi's pass.
inline constexpr int viterbi_bars = 64;

template <class T>
struct ForwardJob {
  BatchView<T> batch;
  T* posteriors = nullptr;           // [blocks, steps, states, 32] filtered; nullptr: not wanted
  double* log_likelihood = nullptr;  // [blocks, 32]
};

// The CPU counts the bars of a window at a time, and goes back to them from a warm-up later
// (window_body.hpp); whole blocks of flush_every. A core's caches should hold what two groups keep of both.
inline constexpr std::int64_t window_warm_up_bars = 128;
REGENT_BODY constexpr std::int64_t window_bars(int states) {
  const std::int64_t bars = 3456 / states / flush_every * flush_every - window_warm_up_bars;
  return bars < 256 ? 256 : bars;
}

// What one group of lanes keeps between its way forward and its way back: weights of a segment of bars,
// densities of as many or of the whole series. What is not kept is found once more. No result depends on it.
struct KeptSpan {
  std::int64_t segment = 0, densities = 0;  // bars, whole blocks of kept_block
};

template <class T>
struct SmoothJob {
  BatchView<T> batch;
  T* posteriors = nullptr;  // [blocks, steps, states, 32]
  double* log_likelihood = nullptr;
  const T* terminal = nullptr;  // [blocks, states, 32]: β of the last bar; nullptr: one
  KeptSpan kept;
};

template <class T>
struct ExpectationJob {
  BatchView<T> batch;
  const std::uint8_t* active = nullptr;  // [lanes]; a group without an active lane costs nothing
  double* counts = nullptr;              // [blocks, counts, 32]
  double* log_likelihood = nullptr;      // [blocks, 32]; NaN where float lost the only path
  const T* terminal = nullptr;           // as in SmoothJob
  bool windows = true;
  std::uint8_t* apart = nullptr;  // [padded lanes]: set to 1 where windows do not agree
};

template <class T>
struct ViterbiJob {
  BatchView<T> batch;
  std::uint8_t* path = nullptr;        // [blocks, steps, 32]
  double* log_probability = nullptr;   // [blocks, 32] of path and data
  const std::int32_t* last = nullptr;  // [blocks, 32]: the state to end in; nullptr: the best
  double* scores = nullptr;            // [blocks, states, 32]: log probability of the best path to each state
};

// One group is `width` neighbouring lanes of one block, the first being group·width; two neighbouring groups
// go side by side where `groups` is 2, so that what one fetches of the series' lines and their neighbours
// serves the other. `workspace` holds the rows that *_workspace_rows says, `width` values of T each; origins
// are as wide as T.
template <class T>
struct LaneKernels {
  int width;
  void (*forward)(const ForwardJob<T>& job, int group, T* workspace);
  void (*smooth)(const SmoothJob<T>& job, int group, T* workspace);
  void (*expectation)(const ExpectationJob<T>& job, int group, int groups, T* workspace);
  void (*viterbi)(const ViterbiJob<T>& job, int group, T* workspace);
};

// All bars, in whole blocks of kept_block.
template <class T>
inline std::int64_t whole_span(const BatchView<T>& batch) {
  return (batch.steps + kept_block - 1) / kept_block * kept_block;
}
// So many bars that their densities and weights take at most `bytes`, but at least one block.
template <class T>
inline KeptSpan span_within(const BatchView<T>& batch, int width, std::size_t bytes) {
  const std::size_t block_bytes = std::size_t{2 * kept_block} * batch.shape.states() * width * sizeof(T);
  const std::int64_t all = whole_span(batch),
                     fits = kept_block * static_cast<std::int64_t>(bytes / block_bytes);
  const std::int64_t bars = fits < kept_block ? kept_block : fits < all ? fits : all;
  return {bars, bars};
}
template <class T>
inline std::size_t forward_workspace_rows(const BatchView<T>& batch) {
  return static_cast<std::size_t>(pass_bars_max) * (batch.shape.states() + 1) + prepared_rows(batch.shape);
}
// One group's rows, in the order of BothWays: prepared, densities, weights, where segments begin.
template <class T>
REGENT_BODY std::size_t kept_rows(const BatchView<T>& batch, const KeptSpan& kept) {
  const auto states = static_cast<std::size_t>(batch.shape.states());
  return prepared_rows(batch.shape) + (kept.densities + kept.segment) * states +
         (batch.steps + kept.segment - 1) / kept.segment * (states + 1);
}
template <class T>
inline std::size_t both_ways_workspace_rows(const BatchView<T>& batch, const KeptSpan& kept) {
  return pass_bars_max + kept_rows(batch, kept);
}
// Of a window and its warm-up.
REGENT_BODY KeptSpan window_span(const ShapeNumbers& shape) {
  const std::int64_t bars = window_bars(shape.states()) + window_warm_up_bars;
  return {bars, bars};
}
// What is left of β where windows meet: three times K.
REGENT_BODY std::ptrdiff_t seam_rows(const ShapeNumbers& shape) {
  return std::ptrdiff_t{3} * shape.states();
}
template <class T>
inline std::size_t expectation_workspace_rows(const BatchView<T>& batch, int groups) {
  const AnyShape shape(batch.shape);
  const std::size_t pass = static_cast<std::size_t>(shape.states + 3 * shape.macros) + 1;
  const std::size_t counts = CountLayout<AnyShape>{shape}.rows(batch.law);
  return pass_bars_max * pass +
         groups * (counts + seam_rows(batch.shape) + kept_rows(batch, window_span(batch.shape)));
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
  return ParameterLayout<AnyShape>{shape}.size() + viterbi_bars * shape.states;
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
