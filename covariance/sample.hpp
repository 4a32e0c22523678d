#pragma once
// Sample covariance over pairs: cov_ij = Σ_t (x_it − x̄_i)(x_jt − x̄_j) / (N_ij − ddof), sums and means over
// the N_ij rows in which both columns are known, as pandas' DataFrame.cov. Of complete data the matrix is
// positive semi-definite; of pairs it need not be (nearest_psd.hpp).

#include <cstdint>

#include "covariance/matrix.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::covariance {

struct PairwiseCovariance {
  Matrix covariance;                       // NaN where a pair has fewer than max(2, ddof + 1) rows
  std::vector<std::int64_t> observations;  // [columns, columns], rows in which both are known
  bool complete = true;                    // no value was missing
};

// Two passes in fp64, products on `device` (nullptr: the CPU); columns are centred and scaled by a power of
// two first, so that neither large levels nor squares near the ends of the range spoil it. Throws InputError
// when rows < 2, ddof is neither 0 nor 1, or a value or result is infinite (naming the columns).
PairwiseCovariance sample_covariance(const Observations& observations, int ddof,
                                     const cuda::Resources* device = nullptr);

// cov_ij / √(cov_ii cov_jj), clamped to [−1, 1], ones on the diagonal; NaN where a variance is not above 0.
Matrix correlation_of(const Matrix& covariance);
// correlation_ij · deviation_i · deviation_j
Matrix covariance_of(const Matrix& correlation, std::span<const double> deviations);
// The rows and columns at `places`, in their order.
Matrix part_of(const Matrix& covariance, std::span<const std::size_t> places);
std::vector<double> deviations_of(const Matrix& covariance);  // square roots of the diagonal

}  // namespace regent::covariance
