#pragma once
// The most probable path of one long series, in pieces of time that run as lanes of their own. A piece begins
// some bars early, with every state as likely, and ends as many bars after the next one began: at that bar
// the scores of both, log probabilities of the best path to each state, must be the same up to a constant.
// What a piece says of later bars is then what the pass in order says. Where they differ (transitions of
// nearly zero), the rest of the piece is run from every state at that bar,
//   M(k, j) = log P(later bars of the piece, best path to state j | state k),
//   score(j) = max_k (score(k) at that bar + M(k, j)),
// which is exact for every model; where that would take more than the pass in order, as with many states on
// a CPU's few lanes, that is done. The path is traced from the last piece to the first: a piece whose own
// best last state is not the one that the next piece came from is run again to end in that. So the path is
// that of viterbi.hpp but for ties within rounding. Method: Viterbi (1967); Maleki, Musuvathi, Mytkowicz
// (2014), Parallelizing dynamic programming through rank convergence. run_to_run: bitwise; how a series is
// cut depends on its length alone.

#include <cstdint>
#include <span>

#include "cuda/hmm/layout.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// batch: one lane of shared observations. path: [steps]. Returns the log probability of path and data
// together. A series of less than two pieces (long_series.hpp) is decoded in order.
template <class T>
double long_viterbi(const Resources& resources, const BatchView<T>& batch, std::span<std::uint8_t> path);

}  // namespace regent::cuda::hmm
