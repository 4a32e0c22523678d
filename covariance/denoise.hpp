#pragma once
// Random-matrix cleaning of a correlation matrix (López de Prado 2020, Machine Learning for Asset Managers,
// 2).

#include "covariance/marchenko_pastur.hpp"
#include "covariance/matrix.hpp"

namespace regent::covariance {

struct Denoised {
  Matrix covariance;
  std::vector<double> eigenvalues;  // of the correlation matrix before, from the largest
  std::size_t signals = 0;          // eigenvalues above the edge, which stay
  MarchenkoPastur noise;
};

// Eigenvalues of the correlation matrix at or below the fitted upper edge become their mean, the diagonal is
// made 1 again, and the variances stay. `rows`: observations behind the covariance. Throws InputError for
// rows < 2, entries that are not finite and variances that are not above 0, naming them (from 1).
Denoised denoised(const Matrix& covariance, std::size_t rows);

// Without the part of the `modes` largest eigenvalues of its correlation (the market): singular by
// construction, variances kept. Throws InputError unless modes < columns, and as above.
Matrix detoned(const Matrix& covariance, std::size_t modes);

}  // namespace regent::covariance
