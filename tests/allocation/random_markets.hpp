#pragma once
// Covariances and panels drawn at random, for properties over many of them.

#include <cmath>
#include <random>

#include "allocation/settings.hpp"
#include "covariance/matrix.hpp"
#include "market/panel.hpp"

namespace regent::allocation::test {

// The whole target for any conviction, and caps that never bind.
inline AllocatorSettings uncapped() {
  AllocatorSettings settings;
  settings.position_max = 100;
  settings.gross_max = 100;
  settings.risk = RiskScale::full;
  return settings;
}

// A A' / (2n) of normal A [n, 2n], scaled by random volatilities: positive definite.
inline covariance::Matrix random_covariance(std::size_t n, std::mt19937_64& random, double common = 0) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> size(0.05, 0.5);
  const std::size_t rows = 2 * n;
  std::vector<double> values(rows * n), volatility(n);
  for (double& one : volatility) one = size(random);
  for (std::size_t row = 0; row < rows; ++row) {
    const double market = common * normal(random);
    for (std::size_t i = 0; i < n; ++i) values[row * n + i] = volatility[i] * (normal(random) + market);
  }
  covariance::Matrix result(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t row = 0; row < rows; ++row) {
        result(i, j) += values[row * n + i] * values[row * n + j] / static_cast<double>(rows);
      }
    }
  }
  return result;
}

inline covariance::Matrix pair(double first, double second, double correlation) {
  covariance::Matrix result(2);
  result(0, 0) = first * first;
  result(1, 1) = second * second;
  result(0, 1) = result(1, 0) = correlation * first * second;
  return result;
}

inline double variance_of(const covariance::Matrix& covariance, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[i] * weights[j] * covariance(i, j);
  }
  return sum;
}

// Daily closes of walks with one common factor.
inline market::Panel random_panel(std::size_t symbols, std::size_t bars, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  market::Panel panel;
  auto& closes = panel.columns[static_cast<std::size_t>(market::Column::close)];
  std::vector<double> prices(symbols, 100);
  for (std::size_t i = 0; i < symbols; ++i) panel.symbols.push_back("S" + std::to_string(i));
  for (std::size_t bar = 0; bar < bars; ++bar) {
    panel.timestamps_ms.push_back(1'577'836'800'000 + static_cast<TimestampMs>(bar) * 86'400'000);
    const double market = normal(random);
    for (std::size_t i = 0; i < symbols; ++i) {
      prices[i] *= std::exp(0.005 * static_cast<double>(i + 1) * (0.6 * market + 0.8 * normal(random)));
      closes.push_back(prices[i]);
    }
  }
  return panel;
}

}  // namespace regent::allocation::test
