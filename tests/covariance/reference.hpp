#pragma once
// Covariances by their definitions in long double, and random tables with a printed seed.

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "covariance/matrix.hpp"

namespace regent::covariance::test {

inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

struct RandomTable {
  std::size_t rows, columns;
  std::vector<double> values;
  Observations observations() const { return {values, rows, columns}; }
};

// Correlated normal columns of different sizes; a share of the values is missing.
inline RandomTable random_table(std::uint64_t seed, std::size_t rows, std::size_t columns,
                                double missing_share) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  RandomTable table{rows, columns, std::vector<double>(rows * columns)};
  for (std::size_t row = 0; row < rows; ++row) {
    const double common = normal(engine);
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = 0.01 * static_cast<double>(c + 1) * (0.3 + 0.6 * common + normal(engine));
      table.values[row * columns + c] = uniform(engine) < missing_share ? missing : value;
    }
  }
  return table;
}

// Σ w (x − x̄)(y − ȳ) with the means and sums over rows where both are known; divided as ddof says.
inline double weighted_covariance(const Observations& x, std::size_t i, std::size_t j,
                                  const std::vector<long double>& weights, int ddof) {
  long double total = 0, squares = 0, mean_i = 0, mean_j = 0;
  const auto known = [&](std::size_t row) { return !std::isnan(x(row, i)) && !std::isnan(x(row, j)); };
  for (std::size_t row = 0; row < x.rows; ++row) {
    if (!known(row)) continue;
    total += weights[row];
    squares += weights[row] * weights[row];
    mean_i += weights[row] * x(row, i);
    mean_j += weights[row] * x(row, j);
  }
  mean_i /= total;
  mean_j /= total;
  long double sum = 0;
  for (std::size_t row = 0; row < x.rows; ++row) {
    if (known(row)) sum += weights[row] * (x(row, i) - mean_i) * (x(row, j) - mean_j);
  }
  return static_cast<double>(sum / (ddof == 1 ? total - squares / total : total));
}

}  // namespace regent::covariance::test
