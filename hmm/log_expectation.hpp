#pragma once
// The E-step of one series in logs and in double, for models with transitions of (nearly) zero
// (log_passes.hpp): the same counts as cuda/hmm/expectation.hpp, where no state is too far off for those.

#include <span>
#include <vector>

#include "cuda/hmm/layout.hpp"
#include "hmm/log_passes.hpp"

namespace regent::hmm {

// [K, K] P(k → to) of one lane's parameters, in the order of ParameterLayout.
std::vector<double> flat_transitions(const cuda::hmm::ShapeNumbers& shape,
                                     std::span<const double> parameters);

// bars: [T, D], standardised, NaN: missing. counts: CountLayout, rows(law) of them, overwritten. Returns the
// log-likelihood, −inf where the bars are impossible; counts are zero then.
double expect_in_logs(const cuda::hmm::ShapeNumbers& shape, cuda::hmm::EmissionLaw law,
                      std::span<const double> parameters, std::span<const double> bars,
                      std::span<double> counts);

}  // namespace regent::hmm
