#include "covariance/sample.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "covariance/product.hpp"

namespace regent::covariance {
namespace {

// Values of a column less its mean, times 2^-exponent, so that their squares stay in range; 0 where missing.
struct Scaled {
  RowMajor values, known;  // [rows, columns]; known is 1 or 0
  std::vector<int> exponents;
};

double mean_of(const Observations& observations, std::size_t column) {
  double mean = 0;
  std::size_t count = 0;
  for (std::size_t row = 0; row < observations.rows; ++row) {
    const double value = observations(row, column);
    if (std::isnan(value)) continue;
    ++count;
    // both parts of the difference, since it may be larger than the largest double
    mean += value / static_cast<double>(count) - mean / static_cast<double>(count);
  }
  return mean;
}

void scale_column(const Observations& observations, std::size_t column, Scaled& scaled) {
  const auto c = static_cast<Eigen::Index>(column);
  const double half_mean = mean_of(observations, column) / 2;
  double largest = 0;
  for (std::size_t row = 0; row < observations.rows; ++row) {
    const double value = observations(row, column);
    const auto r = static_cast<Eigen::Index>(row);
    scaled.known(r, c) = std::isnan(value) ? 0 : 1;
    scaled.values(r, c) = std::isnan(value) ? 0 : value / 2 - half_mean;
    largest = std::max(largest, std::abs(scaled.values(r, c)));
  }
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;
  for (Eigen::Index r = 0; r < scaled.values.rows(); ++r) {
    scaled.values(r, c) = std::ldexp(scaled.values(r, c), -exponent);
  }
  scaled.exponents[column] = exponent + 1;  // values were halved
}

Scaled scaled_columns(const Observations& observations) {
  const auto rows = static_cast<Eigen::Index>(observations.rows);
  const auto columns = static_cast<Eigen::Index>(observations.columns);
  Scaled scaled{RowMajor(rows, columns), RowMajor(rows, columns), std::vector<int>(observations.columns)};
  for (std::size_t column = 0; column < observations.columns; ++column) {
    scale_column(observations, column, scaled);
  }
  return scaled;
}

void check(const Observations& observations, int ddof) {
  if (ddof != 0 && ddof != 1) throw InputError("ddof " + std::to_string(ddof) + ": it must be 0 or 1");
  REGENT_INVARIANT(observations.values.size() == observations.rows * observations.columns,
                   "observations must be [rows, columns]");
  if (observations.rows < 2) {
    throw InputError(std::to_string(observations.rows) + " row" + (observations.rows == 1 ? "" : "s") +
                     " of observations; a covariance needs at least 2");
  }
  for (std::size_t i = 0; i < observations.values.size(); ++i) {
    if (std::isinf(observations.values[i])) {
      throw InputError("row " + std::to_string(i / observations.columns + 1) + ", column " +
                       std::to_string(i % observations.columns + 1) + ": a value is infinite");
    }
  }
}

}  // namespace

bool Observations::complete() const {
  return std::ranges::none_of(values, [](double value) { return std::isnan(value); });
}

PairwiseCovariance sample_covariance(const Observations& observations, int ddof,
                                     const cuda::Resources* device) {
  check(observations, ddof);
  const std::size_t n = observations.columns;
  const Scaled scaled = scaled_columns(observations);
  const Eigen::MatrixXd products = product_of(device, scaled.values, scaled.values);
  PairwiseCovariance result{Matrix(n), {}, observations.complete()};
  result.observations.assign(n * n, static_cast<std::int64_t>(observations.rows));
  Eigen::MatrixXd sums, counts;  // sums(i, j): of column i over the rows in which j is known too
  if (!result.complete) {
    sums = product_of(device, scaled.values, scaled.known);
    counts = product_of(device, scaled.known, scaled.known);
  }
  const Eigen::VectorXd totals = scaled.values.colwise().sum();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const auto a = static_cast<Eigen::Index>(i), b = static_cast<Eigen::Index>(j);
      const double count = result.complete ? static_cast<double>(observations.rows) : counts(a, b);
      const double of_a = result.complete ? totals(a) : sums(a, b),
                   of_b = result.complete ? totals(b) : sums(b, a);
      double value = nan_value;
      if (count >= 2) {
        value = std::ldexp((products(a, b) - of_a * of_b / count) / (count - ddof),
                           scaled.exponents[i] + scaled.exponents[j]);
        if (i == j) value = std::max(value, 0.0);
      }
      if (std::isinf(value)) {
        throw InputError("the covariance of columns " + std::to_string(i + 1) + " and " +
                         std::to_string(j + 1) + " is larger than a double can hold; scale the values down");
      }
      result.covariance(i, j) = result.covariance(j, i) = value;
      result.observations[i * n + j] = result.observations[j * n + i] = std::llround(count);
    }
  }
  return result;
}

Matrix correlation_of(const Matrix& covariance) {
  const std::vector<double> deviations = deviations_of(covariance);
  Matrix correlation(covariance.size);
  for (std::size_t i = 0; i < covariance.size; ++i) {
    for (std::size_t j = 0; j < covariance.size; ++j) {
      const bool defined = deviations[i] > 0 && deviations[j] > 0;
      const double value = defined ? covariance(i, j) / deviations[i] / deviations[j] : nan_value;
      // std::clamp keeps a NaN
      correlation(i, j) = i == j && defined ? 1.0 : std::clamp(value, -1.0, 1.0);
    }
  }
  return correlation;
}

Matrix covariance_of(const Matrix& correlation, std::span<const double> deviations) {
  Matrix covariance(correlation.size);
  for (std::size_t i = 0; i < correlation.size; ++i) {
    for (std::size_t j = 0; j < correlation.size; ++j) {
      covariance(i, j) = correlation(i, j) * deviations[i] * deviations[j];
    }
  }
  return covariance;
}

Matrix part_of(const Matrix& covariance, std::span<const std::size_t> places) {
  Matrix part(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t j = 0; j < places.size(); ++j) part(i, j) = covariance(places[i], places[j]);
  }
  return part;
}

std::vector<double> deviations_of(const Matrix& covariance) {
  std::vector<double> deviations(covariance.size);
  for (std::size_t i = 0; i < covariance.size; ++i) deviations[i] = std::sqrt(covariance(i, i));
  return deviations;
}

}  // namespace regent::covariance
