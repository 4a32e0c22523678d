#pragma once
// Shrinkage of the sample covariance S (divided by the number of rows) towards a structured target F:
//   (1 − δ) S + δ F,   δ in [0, 1] found from the data.
// Sources: Ledoit & Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices
// (identity); Ledoit & Wolf (2004), Honey, I shrunk the sample covariance matrix (constant correlation);
// Chen, Wiesel, Eldar & Hero (2010), Shrinkage algorithms for MMSE covariance estimation (OAS), as
// scikit-learn computes it.

#include "covariance/matrix.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::covariance {

struct Shrunk {
  Matrix covariance;
  double shrinkage = 0;  // δ
};

// All need complete data of at least 2 rows and finite values: a NaN is an InputError that names row and
// column (from 1). Rows fewer than columns are fine: with δ > 0 and no constant column the result is positive
// definite. Products over rows are made on `device` (nullptr: the CPU).
Shrunk ledoit_wolf_identity(const Observations& observations, const cuda::Resources* device = nullptr);
// Throws InputError naming a column that never changes: it has no correlation.
Shrunk ledoit_wolf_constant_correlation(const Observations& observations,
                                        const cuda::Resources* device = nullptr);
Shrunk oracle_approximating(const Observations& observations, const cuda::Resources* device = nullptr);

}  // namespace regent::covariance
