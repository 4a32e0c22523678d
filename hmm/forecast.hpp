#pragma once
// What the next bars will be: the law of the regime and the moments of the features, h bars ahead.

#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// Row h − 1 is the forecast h bars ahead. The moments are those of the mixture of all states: the covariance
// holds both what a state scatters and what is not known of the state.
struct Forecast {
  std::vector<double> probability;        // [steps, K]
  std::vector<double> macro_probability;  // [steps, M]
  std::vector<double> mean;               // [steps, D], in the features' own units
  std::vector<double> covariance;         // [steps, D, D]
};

// posterior: [K], P(state of the last bar | bars so far), as the filter gives it: the Chapman-Kolmogorov
// equation from there; of a model without emission, means and covariances stay empty. Throws InputError for a
// posterior that is not a law over the model's states, or fewer than one step.
Forecast forecast(const Model& model, std::span<const double> posterior, int steps);

// One step of the law of the state, in structured form: to = from · P. Both [K].
void predict(const Model& model, std::span<const double> from, std::span<double> to);

// Long-run share of bars in every state, [K]: the limit of the mean of start · Pᵗ, from the start law where
// the chain has more than one. By half-lazy powers, to 1e-13 or 100,000 steps.
std::vector<double> stationary_law(const Model& model);

}  // namespace regent::hmm
