#pragma once
// A model in a reader's terms: how often each regime is, how long it lasts, what bars look like in it.

#include <span>
#include <string>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// A regime is a macro regime of a hierarchy, or a state of a flat model.
struct RegimeSummary {
  std::string label;
  double share = 0;                // of the bars
  double mean_duration_bars = 0;   // from entry to exit; infinite where it is never left
  std::vector<double> means;       // [D] of the features in it
  std::vector<double> deviations;  // [D] standard deviations, dispersion of micro means included
  std::vector<double> next;        // [regimes] P(regime of the next bar), averaged over its states
};

int regimes_of(const Model& model);  // M, or K of a flat model
int regime_of_state(const Model& model, int state);
std::string label_of_regime(const Model& model, int regime);  // state_0, … where a flat model has one label

// The long-run share of every state, [K]: the start law carried on until it rests (Cesàro mean).
std::vector<double> long_run_shares(const Model& model);

// state_weights: [K] expected bars per state, or shares. A model without emission has no means and
// deviations. The deviation of a Student-t state with dof <= 2 is infinite.
std::vector<RegimeSummary> summarise(const Model& model, std::span<const double> state_weights);

// Names the states of a flat model that are ordered by volatility, as order_by_volatility names macro
// regimes: calm, trend or mid, chaos for three; calm, chaos for two; state_0… otherwise.
void name_flat_states(Model& model, std::span<const double> state_weights);
// state_0… for a flat model that has no label for each of its states.
void number_flat_states(Model& model);

}  // namespace regent::hmm
