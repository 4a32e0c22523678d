#pragma once
// Posteriors given the whole series (forward and backward pass) of a batch of lanes. See forward.hpp for
// views and determinism.

#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// posteriors: [blocks, steps, states, 32], zero beyond a lane's length. log_likelihood: [blocks, 32], NaN
// where float lost the only path (run that lane in double). terminal: [blocks, states, 32], β of every lane's
// last bar; nullptr: one.
template <class T>
void smooth(const Resources& resources, const BatchView<T>& batch, std::span<T> posteriors,
            std::span<double> log_likelihood, const T* terminal = nullptr);

}  // namespace regent::cuda::hmm
