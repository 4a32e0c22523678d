#pragma once
// The M-step of the emissions and their log prior, in standardised units.

#include <vector>

#include "hmm/lane_fit.hpp"

namespace regent::hmm {

// Degrees of freedom of a fitted Student-t: below, the variance is all but infinite; above, it is a Gaussian.
inline constexpr double dof_min = 2.1, dof_max = 200;

// Means (locations), covariances (scale matrices) of the settings' kind, degrees of freedom and mixture
// weights that maximise the expected log-likelihood plus log prior, given `counts` (CountLayout of
// lane.run_shape()) about the present parameters. Exact for every kind, so EM is monotone: a Student-t has
// its hidden precisions among the missing data (Liu, Rubin 1995), and its degrees of freedom solve
//   digamma_gap(½ν) = mean of E log u − E u + 1, within [dof_min, dof_max].
// A part without weight keeps its parameters.
void maximise_emissions(const std::vector<double>& counts, const FitSettings& settings, LaneFit& lane);

// Up to a constant: inverse-Wishart on every covariance (once where it is tied), Dirichlet on mixture
// weights; flat in means and degrees of freedom.
double log_emission_prior(const FitSettings& settings, const LaneFit& lane);

// Makes covariances of the settings' kind from full ones, where a fit begins: the diagonal, its mean, the
// mean over all parts.
void constrain_covariances(CovarianceKind kind, LaneFit& lane);

// The covariance nearest in likelihood to `covariance` (packed) whose eigenvalues are all at least `floor`:
// the exact maximiser under that constraint, so EM stays monotone.
void floor_covariance(int dimension, double floor, double* covariance);

// ν in [dof_min, dof_max] at which digamma_gap(½ν) = gap; the nearer end where there is none.
double solve_dof(double gap);

}  // namespace regent::hmm
