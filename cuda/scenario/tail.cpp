#include <cmath>

#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {
namespace {

constexpr double tiny = 1e-300;

// P(a, x), by its series for x < a + 1, by Lentz's continued fraction of Q beyond. Source: Press et al.
// (2007), Numerical Recipes, 6.2.
double series_below(double a, double x) {
  double term = 1 / a, sum = term;
  for (int n = 1; n < 10000 && term > sum * 1e-17; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * std::exp(a * std::log(x) - x - std::lgamma(a));
}
double fraction_above(double a, double x) {
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int n = 1; n < 10000; ++n) {
    const double an = -n * (n - a);
    b += 2;
    d = an * d + b;
    d = 1 / (std::abs(d) < tiny ? tiny : d);
    c = b + an / c;
    c = std::abs(c) < tiny ? tiny : c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return h * std::exp(a * std::log(x) - x - std::lgamma(a));
}
double gamma_below(double a, double x) {
  return x < a + 1 ? series_below(a, x) : 1 - fraction_above(a, x);
}

// The x with P(a, x) = p, by bisection of log x.
double gamma_quantile(double a, double p) {
  double low = -700, high = std::log(a + 60 * std::sqrt(a) + 200);
  for (int i = 0; i < 120 && high - low > 1e-14; ++i) {
    const double middle = (low + high) / 2;
    (gamma_below(a, std::exp(middle)) < p ? low : high) = middle;
  }
  return std::exp((low + high) / 2);
}

double probability_of(int node) {
  const double octave = std::exp2(node / 16 - 32);
  return octave * (1 + node % 16 / 16.0);
}

}  // namespace

std::vector<double> tail_quantiles(double dof) {
  std::vector<double> nodes(tail_nodes);
  // the quantile at 1 is without end: there stands the one of the last interval's middle quarter
  constexpr double last = 1 - 1.0 / 128;
  for (int i = 0; i < tail_nodes - 1; ++i) {
    const double chi_square = 2 * gamma_quantile(dof / 2, std::min(probability_of(i), last));
    nodes[i] = std::sqrt((dof - 2) / chi_square);
  }
  nodes[tail_nodes - 1] = nodes[tail_nodes - 2];
  double square = nodes[0] * nodes[0] * probability_of(0);
  for (int i = 0; i + 2 < tail_nodes; ++i) {
    const double a = nodes[i], b = nodes[i + 1];
    square += (a * a + a * b + b * b) / 3 * (probability_of(i + 1) - probability_of(i));
  }
  for (double& node : nodes) node /= std::sqrt(square);
  return nodes;
}

}  // namespace regent::cuda::scenario::detail
