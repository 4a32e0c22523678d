#pragma once
// The nearest positive semi-definite matrix: what pairwise covariances need before anyone inverts or factors
// them.

#include "covariance/matrix.hpp"

namespace regent::covariance {

// The nearest correlation matrix in the Frobenius norm: alternating projections onto eigenvalues ≥ 0 and ones
// on the diagonal, with Dykstra's correction. Source: Higham (2002), Computing the nearest correlation matrix
// — a problem from finance. Stops at a change below 1e-12 of the norm. The result has ones on the diagonal
// and no eigenvalue below −1e-9. Throws InputError for entries that are not finite.
Matrix nearest_correlation(const Matrix& correlation);

// As a covariance: variances stay, correlations become the nearest. Returned unchanged when it has no
// negative eigenvalue. A column of variance 0 must have covariance 0 with all others. Throws InputError for
// entries that are not finite and for a negative variance, naming it (from 1).
Matrix nearest_psd(const Matrix& covariance);

// Whether no eigenvalue is below −1e-12 of the largest.
bool is_psd(const Matrix& matrix);

}  // namespace regent::covariance
