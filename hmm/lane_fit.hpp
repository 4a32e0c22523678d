#pragma once
// One lane of a fit: its parameters on the simplexes, the M-step, and the log prior. Everything is in fp64
// and in standardised units, so that priors and floors are relative to the series' own variance.

#include <vector>

#include "cuda/hmm/layout.hpp"
#include "hmm/fit.hpp"

namespace regent::hmm {

struct LaneFit {
  cuda::hmm::ShapeNumbers shape;
  std::vector<double> macro_start;       // [M]
  std::vector<double> macro_transition;  // [M, M], diagonal zero
  std::vector<double> micro_start;       // [M, m]
  std::vector<double> micro_transition;  // [M, m, m]
  std::vector<double> micro_exit;        // [M, m], 0 when M = 1
  int components = 1;                    // C
  std::vector<double> means;             // [K, C, D]
  std::vector<double> covariances;       // [K, C, packed D, D]
  std::vector<double> dof;               // [K], Student-t only, else empty
  std::vector<double> mixture_weights;   // [K, C], mixtures only, else empty

  // What the compute layer runs: a state of a mixture is C Gaussian sub-states, its parts, with
  //   P((k,c) → (k',c')) = P(k → k')·w_k'c'
  // which within a macro regime is a matter of stay and entry alone.
  cuda::hmm::ShapeNumbers run_shape() const;  // {M, m·C, D}
  cuda::hmm::EmissionLaw law() const;
  double weight_of(int state, int component) const {
    return mixture_weights.empty() ? 1 : mixture_weights[state * components + component];
  }

  // Makes moves impossible that the settings do not allow.
  void apply_masks(const FitSettings& settings);

  // In the order of ParameterLayout of run_shape(). False when a covariance is not positive definite.
  bool to_parameters(std::vector<double>& parameters) const;

  // `counts` (CountLayout of run_shape()) summed over components: transitions and weights in the order of
  // CountLayout of `shape`; its moments stay zero.
  std::vector<double> state_counts(const std::vector<double>& counts) const;

  // The M-step: maximises expected log-likelihood plus log prior, given the counts of its parts (CountLayout
  // of run_shape()) about the present means. A row without any count or prior keeps its values, and so does a
  // part without weight.
  void maximise(const std::vector<double>& part_counts, const FitSettings& settings);

  // Log prior up to a constant: Dirichlet on every free row, Beta on exits, and that of the emissions; −inf
  // where a start has a zero that the prior would not leave.
  double log_prior(const FitSettings& settings) const;
};

}  // namespace regent::hmm
