#include <cmath>
#include <numbers>

#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {
namespace {

using Curve = std::array<double, curve_columns>;

// The continued fraction of the incomplete beta function, by Lentz's method. Source: Press et al. (2007),
// Numerical Recipes, 6.4.
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double change = 1;
    for (const double term : {even, odd}) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      h *= c * d;
      change = c * d;
    }
    if (std::abs(change - 1) < 1e-15) break;
  }
  return h;
}

// P(T > t), t >= 0: half of I_x(dof/2, 1/2) at x = dof/(dof + t²).
double student_above(double dof, double t) {
  const double a = dof / 2, b = 0.5, x = dof / (dof + t * t), rest = t * t / (dof + t * t);
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(rest));
  if (x < (a + 1) / (a + b + 2)) return 0.5 * front * beta_fraction(a, b, x) / a;
  return 0.5 * (1 - front * beta_fraction(b, a, rest) / b);
}

double student_density(double dof, double t) {
  const double front =
      std::lgamma((dof + 1) / 2) - std::lgamma(dof / 2) - 0.5 * std::log(dof * std::numbers::pi);
  return std::exp(front - (dof + 1) / 2 * std::log1p(t * t / dof));
}

// The t that a Student-t exceeds as often as a standard normal exceeds z > 0. ln P(T > t) is concave in ln t,
// so that Newton's steps are beyond it from the first on and only come nearer.
double student_at(double dof, double z) {
  const double wanted = std::log(0.5 * std::erfc(z / std::numbers::sqrt2));
  double place = std::log(z);
  for (int i = 0; i < 100; ++i) {
    const double t = std::exp(place), above = student_above(dof, t);
    const double step = (std::log(above) - wanted) * above / (t * student_density(dof, t));
    place += step;
    if (std::abs(step) < 1e-9) break;  // the error is then about its square
  }
  return std::exp(place);
}

double at(const Curve& curve, double square) {
  double sum = 0;
  for (int degree = curve_columns - 1; degree >= 0; --degree) sum = sum * square + curve[degree];
  return sum;
}

// The polynomial through `values` at `places`, by Newton's divided differences.
Curve through(const Curve& places, Curve values) {
  for (int order = 1; order < curve_columns; ++order) {
    for (int i = curve_columns - 1; i >= order; --i)
      values[i] = (values[i] - values[i - 1]) / (places[i] - places[i - order]);
  }
  Curve curve{};
  for (int i = curve_columns - 1; i >= 0; --i) {  // curve·(s − place) + value
    for (int degree = curve_columns - 1; degree > 0; --degree)
      curve[degree] = curve[degree - 1] - places[i] * curve[degree];
    curve[0] = values[i] - places[i] * curve[0];
  }
  return curve;
}

double variance_of(const Curve& curve) {
  constexpr double step = 0.01, end = 7;
  double sum = 0;
  for (double z = step / 2; z < end; z += step) {
    const double square = z * z, multiple = at(curve, std::min<double>(square, curve_square_max));
    sum += square * multiple * multiple * std::exp(-square / 2) * step;
  }
  return sum * std::sqrt(2 / std::numbers::pi);
}

}  // namespace

Curve student_curve(double dof) {
  Curve places{}, values{};
  for (int i = 0; i < curve_columns; ++i) {  // Chebyshev's
    const double place = std::cos(std::numbers::pi * (2 * i + 1) / (2 * curve_columns));
    places[i] = curve_square_max * (1 + place) / 2;
    const double z = std::sqrt(places[i]);
    values[i] = student_at(dof, z) / z;
  }
  Curve curve = through(places, values);
  const double scale = 1 / std::sqrt(variance_of(curve));
  for (double& coefficient : curve) coefficient *= scale;
  return curve;
}

}  // namespace regent::cuda::scenario::detail
