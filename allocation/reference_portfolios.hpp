#pragma once
// Long-only portfolios that need no convictions, as others are compared with: weights that sum to 1. All take
// a covariance with finite entries and variances above 0, and throw InputError as weights_of does.

#include <vector>

#include "covariance/matrix.hpp"

namespace regent::allocation {

// 1/σ² of each asset.
std::vector<double> inverse_variance(const covariance::Matrix& covariance);

// The least variance without short positions: ½x'Σx − Σx_i over x ≥ 0, which has the same solution but for
// its scale, by coordinate descent. Throws Error when it does not settle (a singular covariance).
std::vector<double> minimum_variance(const covariance::Matrix& covariance);

// Every asset has the same share of the variance: ½x'Σx − Σ ln x_i / n by cyclical coordinate descent
// (Griveau-Billion, Richard & Roncalli 2013, A fast algorithm for computing high-dimensional risk parity
// portfolios). Throws Error when it does not settle.
std::vector<double> risk_parity(const covariance::Matrix& covariance);

}  // namespace regent::allocation
