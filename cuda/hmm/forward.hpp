#pragma once
// Filtered posteriors and log-likelihoods of a batch of lanes. T is float or double. Views hold host memory,
// whatever the backend; layouts are in layout.hpp. run_to_run: bitwise, whatever the number of threads and
// the instruction set. cpu_to_gpu: the same operations in the same order; equality of bits is what the parity
// preset tests.

#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// posteriors: [blocks, steps, states, 32] or empty; log_likelihood: [blocks, 32], −inf where a lane's data
// are impossible. A lane whose parameters or data are not numbers gives NaN and leaves the others' bits
// alone.
template <class T>
void forward(const Resources& resources, const BatchView<T>& batch, std::span<T> posteriors,
             std::span<double> log_likelihood);

}  // namespace regent::cuda::hmm
