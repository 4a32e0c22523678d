#pragma once
// Eigenvalues and vectors of one symmetric matrix in double.

#include "covariance/matrix.hpp"

namespace regent::covariance {

struct Spectrum {
  std::vector<double> values;  // [size], from the largest to the smallest
  Matrix vectors;              // row k belongs to values[k]; its largest entry is positive
  double residual = 0;         // max_k ‖A v_k − λ_k v_k‖ / ‖A‖
  double orthogonality = 0;    // max |v_k · v_l − (k = l)|
};

// Throws InputError where an entry is not finite, naming it (from 1). Breaking 1e-10 in residual or
// orthogonality is a broken invariant.
Spectrum spectrum_of(const Matrix& matrix);

}  // namespace regent::covariance
