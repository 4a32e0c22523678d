#pragma once
// The most probable path of every lane. See forward.hpp for views and determinism.

#include <cstdint>
#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// path: [blocks, steps, 32] states; log_probability: [blocks, 32] of path and data together. Ties: the lowest
// state.
template <class T>
void viterbi(const Resources& resources, const BatchView<T>& batch, std::span<std::uint8_t> path,
             std::span<double> log_probability);

}  // namespace regent::cuda::hmm
