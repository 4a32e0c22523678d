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
  std::vector<double> means;             // [K, D]
  std::vector<double> covariances;       // [K, packed D, D]

  // In the order of ParameterLayout. False when a covariance is not positive definite.
  bool to_parameters(std::vector<double>& parameters) const;

  // The M-step: maximises expected log-likelihood plus log prior, given `counts` (CountLayout) about the
  // present means. A row without any count or prior keeps its values, and so does a state without weight.
  void maximise(const std::vector<double>& counts, const FitSettings& settings);

  // Log prior up to a constant: Dirichlet on every row, Beta on exits, inverse-Wishart on covariances.
  double log_prior(const FitSettings& settings) const;
};

// The covariance nearest in likelihood to `covariance` (packed) whose eigenvalues are all at least `floor`:
// the exact maximiser under that constraint, so EM stays monotone.
void floor_covariance(int dimension, double floor, double* covariance);

}  // namespace regent::hmm
