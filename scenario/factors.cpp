#include <Eigen/Dense>
#include <cmath>

#include "base/error.hpp"
#include "scenario/calibration.hpp"

namespace regent::scenario {
namespace {

using Matrix = Eigen::MatrixXd;
using Eigen::Index;

// The part of every asset that moves with the equally weighted market, in deviations; zeros where that market
// does not move.
Eigen::VectorXd market_part(const Matrix& covariance) {
  const Index n = covariance.rows();
  const Eigen::VectorXd with_market = covariance.rowwise().sum() / static_cast<double>(n);
  const double variance = with_market.sum() / static_cast<double>(n);
  if (!(variance > 1e-12 * covariance.trace())) return Eigen::VectorXd::Zero(n);
  return with_market / std::sqrt(variance);
}

}  // namespace

Factors factors_of(const std::vector<double>& covariance, int n, int factors) {
  const Matrix given = Eigen::Map<const Matrix>(covariance.data(), n, n);
  const Eigen::VectorXd market = market_part(given);
  // of correlations: of covariances the first components would be the most volatile assets, not what many
  // share
  const Eigen::VectorXd scale = given.diagonal().cwiseMax(1e-300).cwiseSqrt();
  const Matrix rest = scale.cwiseInverse().asDiagonal() * (given - market * market.transpose()) *
                      scale.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(rest);
  if (solver.info() != Eigen::Success || !(solver.eigenvalues()(0) >= -1e-8 * n))
    throw Error("a covariance of " + std::to_string(n) + " assets is not positive semi-definite");
  const bool has_market = market.squaredNorm() > 0;
  Factors result;
  Matrix loadings = Matrix::Zero(n, factors);
  if (has_market) loadings.col(0) = market;
  for (int f = has_market ? 1 : 0, e = n - 1; f < factors && e >= 0; ++f, --e)
    loadings.col(f) =
        scale.cwiseProduct(solver.eigenvectors().col(e)) * std::sqrt(std::max(0.0, solver.eigenvalues()(e)));
  for (int i = 0; i < n; ++i) {
    const double left = given(i, i) - loadings.row(i).squaredNorm();
    result.idiosyncratic.push_back(std::sqrt(std::max(0.0, factors >= n ? 0.0 : left)));
    for (int f = 0; f < factors; ++f) result.loadings.push_back(loadings(i, f));
  }
  return result;
}

}  // namespace regent::scenario
