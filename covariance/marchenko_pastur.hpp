#pragma once
// What the eigenvalues of a correlation matrix look like when there is nothing but noise: with q = columns /
// rows and variance s the density √((λ₊ − x)(x − λ₋)) / (2π q s x) between λ± = s (1 ± √q)², and for q > 1 a
// share 1 − 1/q of zeros beside it. Source: Marchenko & Pastur (1967).

#include <span>

namespace regent::covariance {

struct MarchenkoPastur {
  double q = 0;         // columns / rows, above 0
  double variance = 1;  // of the noise
  double lower() const;
  double upper() const;
  double density(double x) const;  // 0 outside the edges
};

// The variance at which the density fits a Gaussian kernel density of the eigenvalues best: least integral of
// the squared difference between the edges, both taken at the same points (López de Prado 2020, Machine
// Learning for Asset Managers, 2.5, with its bandwidth 0.01). The book sums over a fixed number of points
// without their distance, which favours wide laws and on panels with several factors runs to the largest
// variance. eigenvalues: those of a correlation matrix. Throws InputError for q that is not finite and above
// 0, and for no eigenvalues.
MarchenkoPastur fit_marchenko_pastur(std::span<const double> eigenvalues, double q, double bandwidth = 0.01);

}  // namespace regent::covariance
