#include "covariance/nearest_psd.hpp"

#include <cmath>
#include <string>

#include "base/error.hpp"
#include "covariance/maps.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"

namespace regent::covariance {
namespace {

constexpr int steps_max = 2000;
constexpr double change_min = 1e-12;

Eigen::MatrixXd without_negative(const Eigen::MatrixXd& matrix) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  REGENT_INVARIANT(solver.info() == Eigen::Success,
                   "the eigenvalues of a finite symmetric matrix must be found");
  return solver.eigenvectors() * solver.eigenvalues().cwiseMax(0.0).asDiagonal() *
         solver.eigenvectors().transpose();
}

// What the projections leave below zero goes, and the diagonal is scaled back to one.
Matrix finished(const Eigen::MatrixXd& matrix) {
  const Eigen::MatrixXd clipped = without_negative(matrix);
  return correlation_of(plain((clipped + clipped.transpose()) / 2));
}

}  // namespace

Matrix nearest_correlation(const Matrix& correlation) {
  if (is_psd(correlation)) return correlation;
  Eigen::MatrixXd now = map_of(correlation), correction = Eigen::MatrixXd::Zero(now.rows(), now.cols());
  for (int step = 0; step < steps_max; ++step) {
    const Eigen::MatrixXd corrected = now - correction;
    const Eigen::MatrixXd projected = without_negative(corrected);
    correction = projected - corrected;
    Eigen::MatrixXd next = projected;
    next.diagonal().setOnes();
    const double change = (next - now).norm();
    now = next;
    if (change <= change_min * now.norm()) break;
  }
  return finished(now);
}

Matrix nearest_psd(const Matrix& covariance) {
  for (std::size_t i = 0; i < covariance.size; ++i) {
    if (covariance(i, i) < 0) {
      throw InputError("column " + std::to_string(i + 1) + " has the variance " +
                       std::to_string(covariance(i, i)) + "; a variance is not negative");
    }
    for (std::size_t j = 0; j < covariance.size; ++j) {
      if (covariance(i, i) == 0 && covariance(i, j) != 0) {
        throw InputError("column " + std::to_string(i + 1) +
                         " has no variance, and a covariance with column " + std::to_string(j + 1));
      }
    }
  }
  if (is_psd(covariance)) return covariance;
  Matrix correlation = covariance;
  const std::vector<double> deviations = deviations_of(covariance);
  for (std::size_t i = 0; i < covariance.size; ++i) {
    for (std::size_t j = 0; j < covariance.size; ++j) {
      const double scale = deviations[i] > 0 && deviations[j] > 0 ? deviations[i] * deviations[j] : 1.0;
      correlation(i, j) = i == j ? 1.0 : covariance(i, j) / scale;
    }
  }
  Matrix result = covariance_of(nearest_correlation(correlation), deviations);
  for (std::size_t i = 0; i < covariance.size; ++i) result(i, i) = covariance(i, i);
  return result;
}

bool is_psd(const Matrix& matrix) {
  const Spectrum spectrum = spectrum_of(matrix);
  return spectrum.values.empty() || spectrum.values.back() >= -1e-12 * std::abs(spectrum.values.front());
}

}  // namespace regent::covariance
