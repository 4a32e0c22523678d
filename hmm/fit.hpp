#pragma once
// Penalised Baum-Welch with restarts as lanes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "hmm/model.hpp"

namespace regent::hmm {

// What EM may change; all else stays as the start model has it.
struct FreeParameters {
  bool start = true;        // law of the first bar: macro_start, of a flat model micro_start
  bool transitions = true;  // all other rows of probabilities, of a hierarchy micro_start too
  bool means = true;        // with the weights of a mixture
  bool covariances = true;  // with the degrees of freedom
  bool all() const { return start && transitions && means && covariances; }
};

struct FitSettings {
  int macros = 3, micros = 3;
  EmissionKind emission = EmissionKind::gaussian;
  int components = 1;  // per state; more than one only of a mixture; states · components <= 32
  CovarianceKind covariance = CovarianceKind::full;
  int restarts = 8;
  int iterations_max = 100;
  double tolerance = 1e-5;         // of the penalised log-likelihood per bar; 0: always iterations_max
  double covariance_floor = 1e-3;  // times the data's own variance, at every M-step; 0: none
  double dirichlet = 1.5;          // prior concentration on every row of probabilities, >= 1
  double sticky = 50;              // extra prior counts on staying in a macro regime (Beta prior on exit)
  double inverse_wishart_strength = 5;  // bars of prior as wide as the data's variance · K^(−2/D)
  double mean_strength = 0;             // bars of prior at the data's mean (normal-inverse-Wishart)
  bool double_precision = false;        // E-steps in fp64; float is enough for all but comparisons
  std::uint64_t seed = 1;
  // One more restart begins at this model, which has the fit's shape and features; with restarts = 0 it is
  // the only one. After n M-steps stands what iterations_max = n + 1 gives, since E-steps are counted.
  std::optional<Model> start;
  FreeParameters free;  // where not all are free, `start` is needed and restarts must be 0
  // Which moves may be, 1 or 0: between macro regimes [M, M], and between the micro states of each [M, m, m],
  // which for a flat model is its whole [K, K]; empty: all may. A macro regime that may go nowhere is never
  // left. Starts are numbered by their bars' mean time then, so that a left-right model reads from left to
  // right.
  std::vector<std::uint8_t> allowed_macro, allowed_micro;
  bool numbered_by_user() const { return !free.all() || !allowed_macro.empty() || !allowed_micro.empty(); }
};

struct FitResult {
  Model model;                // labelled, in the features' own units
  double log_likelihood = 0;  // of the data, without the penalty
  double penalised_log_likelihood = 0;
  int iterations = 0;
  bool converged = false;
  int failed_restarts = 0;
  std::vector<double> restart_log_likelihoods;  // penalised, NaN where the restart failed
};

// One series fills few lanes, so it is fitted on the CPU even where `resources` has a GPU, unless there are
// thousands of restarts. Bitwise the same for the same data and seed, whatever the number of threads and the
// instruction set. observations: [bars, features], NaN marks a missing value (marginalised, whole bars too).
// With `previous` one more restart begins there.
// With masks or fixed parameters states keep their numbers, and the start model's labels or regime_0…;
// otherwise labels are ordered by volatility (calm, trend or mid, chaos for M = 3; regime_0… otherwise); with
// `previous`, states are matched to it by optimal assignment on emission distance, so that calm stays calm.
// Throws InputError for a constant feature, too few bars, an infinite value (naming feature and bar), or when
// every restart failed.
FitResult fit(const cuda::Resources& resources, std::span<const double> observations,
              const std::vector<std::string>& features, const FitSettings& settings,
              const Model* previous = nullptr);

}  // namespace regent::hmm
