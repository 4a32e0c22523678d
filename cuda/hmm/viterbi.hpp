#pragma once
// The most probable path of every lane. See forward.hpp for views and determinism.

#include <cstdint>
#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// What else may be said and asked of where paths end; empty: not said, not asked.
struct PathEnds {
  std::span<const std::int32_t> last = {};  // [blocks, 32], the state that each lane is to end in
  std::span<double> scores = {};            // [blocks, states, 32], log probability of the best path to each
};

// path: [blocks, steps, 32] states, or empty: not wanted; log_probability: [blocks, 32] of the best path and
// the data together. Ties: the lowest state.
template <class T>
void viterbi(const Resources& resources, const BatchView<T>& batch, std::span<std::uint8_t> path,
             std::span<double> log_probability, const PathEnds& ends = {});

}  // namespace regent::cuda::hmm
