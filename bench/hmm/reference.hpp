#pragma once
// A textbook forward, backward and Viterbi pass in double over the flat law, for one series: what the timed
// results are held against. It shares no code with the compute layer.

#include <vector>

#include "hmm/model.hpp"

namespace regent::bench {

struct Reference {
  double log_likelihood = 0, best_log_probability = 0;
  std::vector<double> filtered, smoothed;  // [bars, K]
  std::vector<double> means, covariances;  // [K, D], [K, D, D]: after one M-step without priors
};

// values: [bars, D]
Reference reference_of(const hmm::Model& model, const double* values, std::int64_t bars);

}  // namespace regent::bench
