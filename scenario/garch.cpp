#include "scenario/garch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace regent::scenario {
namespace {

constexpr std::size_t values_min = 30;
constexpr double dof_min = 2.2;
constexpr int dimension = 4;
using Point = std::array<double, dimension>;

// Free numbers → parameters: the four shares alpha, gamma/2, beta and the rest sum to one.
Garch parameters_of(const Point& p) {
  const double a = std::exp(p[0]), g = std::exp(p[1]), b = std::exp(p[2]), sum = 1 + a + g + b;
  Garch garch;
  garch.alpha = a / sum;
  garch.gamma = 2 * g / sum;
  garch.beta = b / sum;
  garch.dof = dof_min + std::exp(p[3]);
  return garch;
}

// v after a value √v·shock.
double next_variance(const Garch& g, double v, double value) {
  const double base = 1 - g.alpha - g.beta - g.gamma / 2;
  return base + g.beta * v + (g.alpha + (value < 0 ? g.gamma : 0)) * value * value;
}

double log_likelihood(std::span<const double> x, const Garch& g) {
  const double constant =
      std::lgamma((g.dof + 1) / 2) - std::lgamma(g.dof / 2) - 0.5 * std::log(std::numbers::pi * (g.dof - 2));
  double v = 1, sum = 0;
  for (const double value : x) {
    const double square = value * value;  // v · shock²
    sum += constant - 0.5 * std::log(v) - 0.5 * (g.dof + 1) * std::log1p(square / (v * (g.dof - 2)));
    v = next_variance(g, v, value);
  }
  return sum;
}

template <class Value>
Point nelder_mead(Point start, const Value& value) {
  constexpr int iterations_max = 400;
  struct Vertex {
    Point at;
    double value;
  };
  std::array<Vertex, dimension + 1> simplex;
  simplex.fill({start, 0});
  for (int i = 0; i < dimension; ++i) simplex[i + 1].at[i] += 0.7;
  for (Vertex& vertex : simplex) vertex.value = value(vertex.at);
  for (int iteration = 0; iteration < iterations_max; ++iteration) {
    std::sort(simplex.begin(), simplex.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    Vertex& worst = simplex.back();
    if (worst.value - simplex.front().value < 1e-7) break;
    Point centre{};
    for (int v = 0; v < dimension; ++v) {
      for (int i = 0; i < dimension; ++i) centre[i] += simplex[v].at[i] / dimension;
    }
    const auto along = [&](double step) {
      Point at;
      for (int i = 0; i < dimension; ++i) at[i] = centre[i] + step * (worst.at[i] - centre[i]);
      return Vertex{at, value(at)};
    };
    const Vertex reflected = along(-1);
    if (reflected.value < simplex.front().value) {
      const Vertex expanded = along(-2);
      worst = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[dimension - 1].value) {
      worst = reflected;
    } else if (const Vertex contracted = along(0.5); contracted.value < worst.value) {
      worst = contracted;
    } else {
      for (int v = 1; v <= dimension; ++v) {
        for (int i = 0; i < dimension; ++i) simplex[v].at[i] = (simplex[v].at[i] + simplex[0].at[i]) / 2;
        simplex[v].value = value(simplex[v].at);
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(),
                          [](const auto& a, const auto& b) { return a.value < b.value; })
      ->at;
}

// The best degrees of freedom with v = 1: a search over a grid that is fine where it matters.
Garch constant_variance(std::span<const double> x) {
  Garch best;
  best.log_likelihood = -HUGE_VAL;
  for (double excess = 0.2; excess < 200; excess *= 1.05) {
    Garch one;
    one.dof = 2 + excess;
    one.log_likelihood = log_likelihood(x, one);
    if (one.log_likelihood > best.log_likelihood) best = one;
  }
  best.constant_log_likelihood = best.log_likelihood;
  return best;
}

std::vector<double> standardised(std::span<const double> series) {
  double squares = 0;
  for (const double value : series) squares += value * value;
  const double scale = std::sqrt(squares / static_cast<double>(series.size()));
  if (series.size() < values_min || !std::isfinite(scale) || !(scale > 0))
    throw InputError("GARCH of " + std::to_string(series.size()) +
                     " values; at least 30 finite ones that move are needed");
  std::vector<double> x(series.begin(), series.end());
  for (double& value : x) value /= scale;
  return x;
}

}  // namespace

Garch fit_garch(std::span<const double> series) {
  const std::vector<double> x = standardised(series);
  const Garch constant = constant_variance(x);
  const auto cost = [&](const Point& p) {
    for (const double value : p) {
      if (std::abs(value) > 12) return HUGE_VAL;
    }
    return -log_likelihood(x, parameters_of(p));
  };
  Garch best = constant;
  for (const Point& start : {Point{0.0, 0.0, 3.0, 1.5}, Point{-1.0, -1.0, 0.0, 1.0}}) {
    Garch one = parameters_of(nelder_mead(start, cost));
    one.log_likelihood = log_likelihood(x, one);
    one.constant_log_likelihood = constant.log_likelihood;
    if (one.log_likelihood > best.log_likelihood && one.log_likelihood > constant.log_likelihood + 3)
      best = one;
  }
  if (best.dof > dof_gaussian) best.dof = 0;
  return best;
}

std::vector<double> variances_of(std::span<const double> series, const Garch& garch) {
  std::vector<double> variances;
  double v = 1;
  for (const double value : standardised(series)) {
    variances.push_back(v);
    v = next_variance(garch, v, value);
  }
  return variances;
}

}  // namespace regent::scenario
