#include "covariance/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "covariance/maps.hpp"

namespace regent::covariance {
namespace {

constexpr double tolerance = 1e-10;

void check_finite(const Matrix& matrix) {
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    if (std::isfinite(matrix.values[i])) continue;
    throw InputError("entry " + std::to_string(i / matrix.size + 1) + ", " +
                     std::to_string(i % matrix.size + 1) +
                     " of the matrix is not finite, so it has no spectrum");
  }
}

}  // namespace

Spectrum spectrum_of(const Matrix& matrix) {
  check_finite(matrix);
  const auto n = static_cast<Eigen::Index>(matrix.size);
  Spectrum spectrum{std::vector<double>(matrix.size), Matrix(matrix.size)};
  if (n == 0) return spectrum;
  // away from both ends of the range, where squares would leave it
  const double largest = map_of(matrix).cwiseAbs().maxCoeff();
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;
  const Eigen::MatrixXd scaled =
      map_of(matrix).unaryExpr([&](double value) { return std::ldexp(value, -exponent); });
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(scaled);
  REGENT_INVARIANT(solver.info() == Eigen::Success,
                   "the eigenvalues of a finite symmetric matrix must be found");
  const Eigen::MatrixXd vectors = solver.eigenvectors().rowwise().reverse();
  const Eigen::VectorXd values = solver.eigenvalues().reverse();
  const double norm = std::max(values.cwiseAbs().maxCoeff(), 1e-300);
  spectrum.residual = (scaled * vectors - vectors * values.asDiagonal()).colwise().norm().maxCoeff() / norm;
  spectrum.orthogonality =
      (vectors.transpose() * vectors - Eigen::MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff();
  REGENT_INVARIANT(spectrum.residual < tolerance && spectrum.orthogonality < tolerance,
                   "an eigenvector is off: residual " + std::to_string(spectrum.residual) +
                       ", orthogonality " + std::to_string(spectrum.orthogonality));
  for (Eigen::Index k = 0; k < n; ++k) {
    spectrum.values[static_cast<std::size_t>(k)] = std::ldexp(values(k), exponent);
    Eigen::Index at = 0;
    vectors.col(k).cwiseAbs().maxCoeff(&at);
    const double sign = vectors(at, k) < 0 ? -1 : 1;
    for (Eigen::Index i = 0; i < n; ++i) {
      spectrum.vectors(static_cast<std::size_t>(k), static_cast<std::size_t>(i)) = sign * vectors(i, k);
    }
  }
  return spectrum;
}

}  // namespace regent::covariance
