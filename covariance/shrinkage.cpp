#include "covariance/shrinkage.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "covariance/product.hpp"

namespace regent::covariance {
namespace {

// Centred columns, all times one power of two: δ does not depend on it, and fourth powers stay in range.
struct Centred {
  RowMajor values;
  Eigen::MatrixXd sample;  // values' values / rows
  int exponent = 0;
  double rows = 0;
  const cuda::Resources* device = nullptr;
  Eigen::Index columns() const { return values.cols(); }
};

void check(const Observations& observations) {
  if (observations.rows < 2) {
    throw InputError(std::to_string(observations.rows) + " row" + (observations.rows == 1 ? "" : "s") +
                     " of observations; shrinkage needs at least 2");
  }
  for (std::size_t i = 0; i < observations.values.size(); ++i) {
    if (std::isfinite(observations.values[i])) continue;
    throw InputError("row " + std::to_string(i / observations.columns + 1) + ", column " +
                     std::to_string(i % observations.columns + 1) +
                     ": shrinkage needs a finite value everywhere");
  }
}

Centred centred(const Observations& observations, const cuda::Resources* device) {
  check(observations);
  Centred c;
  c.device = device;
  c.rows = static_cast<double>(observations.rows);
  c.values = map_of(observations);
  const Eigen::RowVectorXd mean = (c.values / c.rows).colwise().sum();
  c.values.rowwise() -= mean;
  const double largest = c.values.cwiseAbs().maxCoeff();
  if (!std::isfinite(largest)) {
    throw InputError("values of " + std::to_string(observations.columns) +
                     " columns differ by more than a double can hold; scale them down");
  }
  c.exponent = largest > 0 ? std::ilogb(largest) : 0;
  c.values = c.values.unaryExpr([&](double value) { return std::ldexp(value, -c.exponent); });
  c.sample = product_of(device, c.values, c.values) / c.rows;
  return c;
}

Shrunk shrunk(const Centred& c, const Eigen::MatrixXd& target, double shrinkage) {
  const Eigen::MatrixXd mixed = (1 - shrinkage) * c.sample + shrinkage * target;
  Shrunk result{plain(mixed.unaryExpr([&](double value) { return std::ldexp(value, 2 * c.exponent); })),
                shrinkage};
  if (!map_of(result.covariance).allFinite()) {
    throw InputError("a covariance is larger than a double can hold; scale the values down");
  }
  return result;
}

Eigen::MatrixXd identity_target(const Centred& c) {
  const double mean_variance = c.sample.trace() / static_cast<double>(c.columns());
  return mean_variance * Eigen::MatrixXd::Identity(c.columns(), c.columns());
}

// Σ over rows of products of squares, less what the sample explains: rows times Σ_ij of the asymptotic
// variances of √rows·s_ij.
double variance_of_entries(const Centred& c) {
  const RowMajor squares = c.values.cwiseAbs2();
  return (product_of(c.device, squares, squares) / c.rows - c.sample.cwiseAbs2()).sum();
}

}  // namespace

Shrunk ledoit_wolf_identity(const Observations& observations, const cuda::Resources* device) {
  const Centred c = centred(observations, device);
  const Eigen::MatrixXd target = identity_target(c);
  const double distance = (c.sample - target).squaredNorm();
  const double shrinkage =
      distance > 0 ? std::clamp(variance_of_entries(c) / c.rows / distance, 0.0, 1.0) : 0.0;
  return shrunk(c, target, shrinkage);
}

Shrunk oracle_approximating(const Observations& observations, const cuda::Resources* device) {
  const Centred c = centred(observations, device);
  const auto n = static_cast<double>(c.columns());
  const double alpha = c.sample.cwiseAbs2().mean();
  const double mu_squared = std::pow(c.sample.trace() / n, 2);
  const double denominator = (c.rows + 1) * (alpha - mu_squared / n);
  const double shrinkage = denominator > 0 ? std::min((alpha + mu_squared) / denominator, 1.0) : 1.0;
  return shrunk(c, identity_target(c), shrinkage);
}

Shrunk ledoit_wolf_constant_correlation(const Observations& observations, const cuda::Resources* device) {
  const Centred c = centred(observations, device);
  const Eigen::Index n = c.columns();
  const Eigen::VectorXd variance = c.sample.diagonal(), deviation = variance.cwiseSqrt();
  for (Eigen::Index i = 0; i < n; ++i) {
    if (!(variance(i) > 0)) {
      throw InputError("column " + std::to_string(i + 1) +
                       " never changes, so it has no correlation with any other");
    }
  }
  if (n == 1) return shrunk(c, c.sample, 0.0);
  const Eigen::VectorXd inverse = deviation.cwiseInverse();
  const Eigen::MatrixXd correlation = inverse.asDiagonal() * c.sample * inverse.asDiagonal();
  const double mean_correlation =
      (correlation.sum() - static_cast<double>(n)) / static_cast<double>(n * (n - 1));
  Eigen::MatrixXd target = mean_correlation * deviation * deviation.transpose();
  target.diagonal() = variance;
  const RowMajor squares = c.values.cwiseAbs2();
  const Eigen::MatrixXd entry_variance =
      product_of(c.device, squares, squares) / c.rows - c.sample.cwiseAbs2();
  // theta(i, j): asymptotic covariance of s_ii and s_ij
  Eigen::MatrixXd theta = product_of(c.device, c.values.cwiseProduct(squares), c.values) / c.rows;
  theta -= variance.asDiagonal() * c.sample;
  theta.diagonal().setZero();
  const double with_target = entry_variance.diagonal().sum() +
                             mean_correlation * (inverse.asDiagonal() * theta * deviation.asDiagonal()).sum();
  const double distance = (c.sample - target).squaredNorm();
  const double shrinkage =
      distance > 0 ? std::clamp((entry_variance.sum() - with_target) / distance / c.rows, 0.0, 1.0) : 0.0;
  return shrunk(c, target, shrinkage);
}

}  // namespace regent::covariance
