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

Matrix without_negative(const Matrix& symmetric) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
  return solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).asDiagonal() *
         solver.eigenvectors().transpose();
}

// The most that may be taken from the diagonal of a positive definite correlation matrix, times `wanted`.
double room_for(const Matrix& correlation, const Eigen::VectorXd& wanted) {
  const Eigen::GeneralizedSelfAdjointEigenSolver<Matrix> solver(Matrix(wanted.asDiagonal()), correlation,
                                                                Eigen::EigenvaluesOnly);
  const double largest = solver.eigenvalues()(wanted.size() - 1);
  return largest > 0 ? std::min(1.0, (1 - 1e-9) / largest) : 1.0;
}

// [n] variance that assets have for themselves; zeros for a covariance without full rank.
Eigen::VectorXd own_variances(const Matrix& covariance) {
  constexpr int projections = 100;
  const Eigen::VectorXd scale = covariance.diagonal().cwiseSqrt();
  const Matrix correlation =
      scale.cwiseInverse().asDiagonal() * covariance * scale.cwiseInverse().asDiagonal();
  if (Eigen::LLT<Matrix>(correlation).info() != Eigen::Success) return Eigen::VectorXd::Zero(scale.size());
  Matrix shared = correlation, correction = Matrix::Zero(scale.size(), scale.size());
  shared.diagonal().setZero();
  for (int i = 0; i < projections; ++i) {
    const Matrix corrected = shared + correction, projected = without_negative(corrected);
    correction = corrected - projected;
    shared = correlation;
    shared.diagonal() = projected.diagonal();
  }
  const Eigen::VectorXd own = (1 - shared.diagonal().array()).max(0.0);
  return room_for(correlation, own) * own.cwiseProduct(covariance.diagonal());
}

}  // namespace

Factors factors_of(const std::vector<double>& covariance, int n, int factors) {
  const Matrix given = Eigen::Map<const Matrix>(covariance.data(), n, n);
  const bool exact = factors >= n;
  const Eigen::VectorXd own = exact && n >= own_assets_min ? own_variances(given) : Eigen::VectorXd::Zero(n);
  const Matrix shared = given - Matrix(own.asDiagonal());
  const Eigen::VectorXd market = market_part(shared);
  // of correlations: of covariances the first components would be the most volatile assets, not what many
  // share
  const Eigen::VectorXd scale = given.diagonal().cwiseMax(1e-300).cwiseSqrt();
  const Matrix rest = scale.cwiseInverse().asDiagonal() * (shared - market * market.transpose()) *
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
    const double left = exact ? own(i) : given(i, i) - loadings.row(i).squaredNorm();
    result.idiosyncratic.push_back(std::sqrt(std::max(0.0, left)));
    for (int f = 0; f < factors; ++f) result.loadings.push_back(loadings(i, f));
  }
  return result;
}

}  // namespace regent::scenario
