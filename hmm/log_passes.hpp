#pragma once
// Forward and backward in logs, K² exponentials a bar. The compute layer keeps the weights of states beside
// the largest one: what falls out of the number format's range beside it counts as zero, and is given back by
// the next transition. A transition of (nearly) zero gives nothing back, so a path that later evidence would
// make the only one is lost there. Models with such transitions go this way instead.

#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// Whether a transition lies below `smallest`, so that lost weight may not come back.
bool has_transition_below(const Model& model, double smallest);

struct LogPass {
  double log_likelihood = 0;        // −inf where the data are impossible
  std::vector<double> probability;  // [bars, K], rows sum to one; NaN where impossible
};

// table: [bars, K] log P(bar | state), −inf allowed. Both in double; source: Rabiner (1989), in logs.
LogPass filter_in_logs(const Model& model, std::span<const double> table);
LogPass smooth_in_logs(const Model& model, std::span<const double> table);

struct LogPath {
  double log_probability = 0;  // of path and data together; −inf where every path is impossible
  std::vector<int> states;     // [bars]; −1 where every path is impossible
};

// The most probable path, ties to the lowest state. What is impossible is −inf here, and no sum of finite
// logs is taken for it, however improbable the bars are. Source: Viterbi (1967).
LogPath decode_in_logs(const Model& model, std::span<const double> table);

}  // namespace regent::hmm
