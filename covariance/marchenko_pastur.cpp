#include "covariance/marchenko_pastur.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.hpp"

namespace regent::covariance {
namespace {

constexpr int points = 1000;    // between the edges
constexpr int variances = 100;  // tried before the best is refined
constexpr double variance_min = 1e-3, variance_max = 1 - 1e-5;

double kernel_density(std::span<const double> eigenvalues, double x, double bandwidth) {
  double sum = 0;
  for (const double value : eigenvalues) {
    const double away = (x - value) / bandwidth;
    sum += std::exp(-0.5 * away * away);
  }
  return sum / (static_cast<double>(eigenvalues.size()) * bandwidth * std::sqrt(2 * std::numbers::pi));
}

double misfit(std::span<const double> eigenvalues, const MarchenkoPastur& law, double bandwidth) {
  const double lower = law.lower(), step = (law.upper() - lower) / (points - 1);
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    const double x = lower + step * i;
    const double away = law.density(x) - kernel_density(eigenvalues, x, bandwidth);
    sum += away * away;
  }
  return sum * step;
}

// Golden section (Kiefer 1953).
template <class Function>
double minimum_between(double low, double high, const Function& function) {
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double left = high - ratio * (high - low), right = low + ratio * (high - low);
  double at_left = function(left), at_right = function(right);
  for (int step = 0; step < 30; ++step) {
    if (at_left < at_right) {
      high = right;
      right = left;
      at_right = at_left;
      at_left = function(left = high - ratio * (high - low));
    } else {
      low = left;
      left = right;
      at_left = at_right;
      at_right = function(right = low + ratio * (high - low));
    }
  }
  return (low + high) / 2;
}

}  // namespace

double MarchenkoPastur::lower() const {
  return variance * std::pow(1 - std::sqrt(q), 2);
}
double MarchenkoPastur::upper() const {
  return variance * std::pow(1 + std::sqrt(q), 2);
}
double MarchenkoPastur::density(double x) const {
  const double inside = (upper() - x) * (x - lower());
  if (!(inside > 0) || !(x > 0)) return 0;
  return std::sqrt(inside) / (2 * std::numbers::pi * q * variance * x);
}

MarchenkoPastur fit_marchenko_pastur(std::span<const double> eigenvalues, double q, double bandwidth) {
  if (!(std::isfinite(q) && q > 0)) {
    throw InputError("columns / rows = " + std::to_string(q) +
                     "; Marchenko–Pastur needs a finite ratio above 0");
  }
  if (eigenvalues.empty()) throw InputError("no eigenvalues to fit");
  const auto error = [&](double variance) { return misfit(eigenvalues, {q, variance}, bandwidth); };
  const double step = (variance_max - variance_min) / (variances - 1);
  int best = 0;
  double least = error(variance_min);
  for (int i = 1; i < variances; ++i) {
    const double now = error(variance_min + step * i);
    if (now < least) {
      least = now;
      best = i;
    }
  }
  const double around = variance_min + step * best;
  return {q, minimum_between(std::max(variance_min, around - step), std::min(variance_max, around + step),
                             error)};
}

}  // namespace regent::covariance
