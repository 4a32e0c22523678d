#pragma once
// Penalised Baum-Welch of many models at once: the E-step batched over lanes by cuda::hmm::Expectation, the
// M-step of every model over threads.

#include <cmath>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/fit_group.hpp"
#include "hmm/lane_fit.hpp"

namespace regent::hmm {

// One model on its way: a restart of one group of series. It has one lane per series, and the counts of its
// lanes are summed in the order of the series.
struct Ascent {
  const FitGroup* group = nullptr;
  LaneFit now;
  std::vector<double> counts;                                // CountLayout, of the last E-step
  double log_likelihood = -INFINITY, penalised = -INFINITY;  // of `now`, in standardised units
  int iterations = 0;
  bool converged = false, failed = false;
  bool running() const { return !converged && !failed; }

  std::vector<double> parameters;  // ParameterLayout, of the last E-step
};

// Runs all to convergence, failure or settings.iterations_max E-steps. All have one shape. Nothing about one
// depends on the others, on the number of threads or on the instruction set, to the last bit.
void ascend(const cuda::Resources& resources, std::span<Ascent> all, const FitSettings& settings);

// One E-step in double: counts and log-likelihood of `now` as the filter sees them.
void expect_in_double(const cuda::Resources& resources, std::span<Ascent> all);

}  // namespace regent::hmm
