#include "scenario/block_length.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace regent::scenario {
namespace {

std::vector<double> autocovariances(std::span<const double> series, int lags) {
  const auto n = static_cast<double>(series.size());
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / n;
  std::vector<double> result;
  for (int lag = 0; lag <= lags; ++lag) {
    double sum = 0;
    for (std::size_t i = static_cast<std::size_t>(lag); i < series.size(); ++i)
      sum += (series[i] - mean) * (series[i - lag] - mean);
    result.push_back(sum / n);
  }
  return result;
}

// The lag from which on `run` autocorrelations in a row lie within the band; 0 where the first ones do.
int last_significant(const std::vector<double>& covariance, int lags, int run, double band) {
  int within = 0;
  for (int lag = 1; lag <= lags; ++lag) {
    within = std::abs(covariance[lag] / covariance[0]) < band ? within + 1 : 0;
    if (within == run) return lag - run;
  }
  for (int lag = lags; lag >= 1; --lag) {
    if (std::abs(covariance[lag] / covariance[0]) >= band) return lag;
  }
  return 0;
}

double flat_top(double t) {
  const double a = std::abs(t);
  return a <= 0.5 ? 1 : a <= 1 ? 2 * (1 - a) : 0;
}

}  // namespace

BlockLength block_length(std::span<const double> series) {
  const auto n = static_cast<double>(series.size());
  bool finite = series.size() >= 20;
  for (const double value : series) finite = finite && std::isfinite(value);
  if (!finite)
    throw InputError("block length of " + std::to_string(series.size()) +
                     " values; at least 20 finite ones are needed");
  const int run = std::max(5, static_cast<int>(std::ceil(std::sqrt(std::log10(n)))));
  const int lags =
      std::min(static_cast<int>(series.size()) - 1, static_cast<int>(std::ceil(std::sqrt(n))) + run);
  const std::vector<double> covariance = autocovariances(series, 2 * lags < n ? 2 * lags : lags);
  if (!(covariance[0] > 0)) return {};
  const int significant = last_significant(covariance, lags, run, 2 * std::sqrt(std::log10(n) / n));
  const int width = std::min(significant > 0 ? 2 * significant : 1, static_cast<int>(covariance.size()) - 1);
  double slope = 0, level = covariance[0];
  for (int lag = 1; lag <= width; ++lag) {
    const double weight = flat_top(static_cast<double>(lag) / width);
    slope += 2 * weight * lag * covariance[lag];
    level += 2 * weight * covariance[lag];
  }
  const double bound = std::ceil(std::min(3 * std::sqrt(n), n / 3));
  const auto length = [&](double variance) {
    return std::clamp(std::cbrt(2 * slope * slope / variance * n), 1.0, bound);
  };
  return {length(2 * level * level), std::max(1.0, std::round(length(4.0 / 3 * level * level)))};
}

}  // namespace regent::scenario
