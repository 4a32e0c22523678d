#include "scenario/garch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.hpp"
#include "scenario/simplex.hpp"

namespace regent::scenario {
namespace {

constexpr std::size_t returns_min = 30;
constexpr double dof_min = 2.2, worth_min = 3;
using Point = std::array<double, 4>;

// Of all that drives v.
double mean_square_of(const Garch& garch) {
  return 1 + garch.jump_share * (garch.jump_square - 1);
}

// Free numbers → parameters: the four shares alpha and gamma/2, each times the mean square that drives them,
// beta and the rest sum to one.
Garch parameters_of(const Point& p, const Garch& constant) {
  const double a = std::exp(p[0]), g = std::exp(p[1]), b = std::exp(p[2]), sum = 1 + a + g + b;
  const double mean_square = mean_square_of(constant);
  Garch garch;
  garch.jump_share = constant.jump_share;
  garch.jump_square = constant.jump_square;
  garch.alpha = a / (sum * mean_square);
  garch.gamma = 2 * g / (sum * mean_square);
  garch.beta = b / sum;
  garch.dof = dof_min + std::exp(p[3]);
  return garch;
}

// The density of a shock of unit variance, and the mean of the squared tail W² that made it.
class Shock {
 public:
  explicit Shock(double dof)
      : dof_(dof),
        scale_(dof > 0 ? std::exp(std::lgamma((dof + 1) / 2) - std::lgamma(dof / 2)) /
                             std::sqrt(std::numbers::pi * (dof - 2))
                       : 1 / std::sqrt(2 * std::numbers::pi)) {}
  double density(double z) const {
    if (dof_ == 0) return scale_ * std::exp(-0.5 * z * z);
    return scale_ * std::exp(-0.5 * (dof_ + 1) * std::log1p(z * z / (dof_ - 2)));
  }
  double squared_tail(double z) const { return dof_ == 0 ? 1 : (dof_ - 2 + z * z) / (dof_ - 1); }

 private:
  double dof_, scale_;
};

// E[(alpha + gamma·[y < 0])·y²] of the shock y that drives v where the market shows z: y is normal around
// shown·z with what is not shown as its variance.
double driven(const Garch& g, double z, double shown, double squared_tail) {
  const double mean = shown * z, hidden = (1 - shown * shown) * squared_tail;
  const double square = mean * mean + hidden;
  if (g.gamma == 0) return g.alpha * square;
  double below = mean < 0 ? square : 0;
  if (hidden > 1e-6) {
    const double deviation = std::sqrt(hidden), at = mean / deviation;
    below = square * 0.5 * std::erfc(at / std::numbers::sqrt2) -
            mean * deviation * std::exp(-0.5 * at * at) / std::sqrt(2 * std::numbers::pi);
  }
  return g.alpha * square + g.gamma * below;
}

// The law of the regime a bar later.
void move(const Market& market, std::vector<double>& law, std::vector<double>& next) {
  const std::size_t k = law.size();
  std::fill(next.begin(), next.end(), 0);
  for (std::size_t from = 0; from < k; ++from) {
    for (std::size_t to = 0; to < k; ++to) next[to] += law[from] * market.transition[from * k + to];
  }
  law.swap(next);
}

// The best degrees of freedom with v = 1: a search over a grid that is fine where it matters.
Garch constant_variance(const Market& market) {
  Garch best;
  best.log_likelihood = -HUGE_VAL;
  for (double excess = 0.2; excess < 200; excess *= 1.1) {
    Garch one;
    one.dof = 2 + excess;
    one.log_likelihood = filter(market, one).log_likelihood;
    if (one.log_likelihood > best.log_likelihood) best = one;
  }
  best.constant_log_likelihood = best.log_likelihood;
  return best;
}

void check(const Market& market) {
  const auto finite = [](const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
  };
  const bool moves = std::ranges::all_of(market.deviation, [](double value) { return value > 0; });
  if (market.returns.size() < returns_min || !finite(market.returns) || !finite(market.deviation) || !moves)
    throw InputError("GARCH of " + std::to_string(market.returns.size()) +
                     " market returns; at least 30 finite ones that move are needed");
}

}  // namespace

Filtered filter(const Market& market, const Garch& garch) {
  const std::size_t k = market.start.size();
  const Shock shock(garch.dof);
  const double base = 1 - garch.beta - (garch.alpha + garch.gamma / 2) * mean_square_of(garch);
  double jump_squares = 0, jumps = 0;
  std::vector<double> law = market.start, next(k), moved(k), squares(k);
  Filtered result;
  result.variance.reserve(market.returns.size() + 1);
  double v = 1;
  for (std::size_t bar = 0; bar < market.returns.size(); ++bar) {
    if (bar > 0) move(market, law, next);
    const bool jumped = !market.jumps.empty() && market.jumps[bar] != 0;
    double density = 0, drive = 0, square_driven = 0;
    for (std::size_t r = 0; r < k; ++r) {
      const double square = market.shown[r] * market.shown[r];
      const double scale = std::sqrt(market.apart ? square * v + 1 - square : v);
      const double shown = market.apart ? market.shown[r] * std::sqrt(v) / scale : market.shown[r];
      double z = (market.returns[bar] - market.mean[r]) / (scale * market.deviation[r]);
      if (jumped) z = std::clamp(z, -market.jump_threshold, market.jump_threshold);
      law[r] *= shock.density(z) / (scale * market.deviation[r]) + 1e-300;
      density += law[r];
      moved[r] = driven(garch, z, shown, shock.squared_tail(z));
      if (jumped) squares[r] = driven({.alpha = 1}, z, shown, shock.squared_tail(z));
    }
    for (std::size_t r = 0; r < k; ++r) {
      law[r] /= density;
      drive += law[r] * moved[r];
      if (jumped) square_driven += law[r] * squares[r];
    }
    if (jumped) {
      jump_squares += square_driven;
      jumps += 1;
    }
    result.variance.push_back(v);
    if (!jumped) result.log_likelihood += std::log(density);
    v = base + v * (garch.beta + drive);
  }
  result.variance.push_back(v);
  if (jumps > 0) result.jump_square = jump_squares / jumps;
  return result;
}

Garch fit_garch(const Market& market) {
  check(market);
  Garch constant = constant_variance(market);
  if (!market.jumps.empty())
    constant.jump_share =
        static_cast<double>(std::ranges::count(market.jumps, 1)) / static_cast<double>(market.jumps.size());
  constant.jump_square = std::max(1.0, filter(market, constant).jump_square);
  const auto cost = [&](const Point& p) {
    for (const double value : p) {
      if (std::abs(value) > 12) return HUGE_VAL;
    }
    return -filter(market, parameters_of(p, constant)).log_likelihood;
  };
  Garch best = constant;
  for (const Point& start : {Point{0.0, 0.0, 3.0, 1.5}, Point{-1.0, -1.0, 0.0, 1.0}}) {
    Garch one = parameters_of(nelder_mead(start, cost), constant);
    one.log_likelihood = filter(market, one).log_likelihood;
    one.constant_log_likelihood = constant.log_likelihood;
    if (one.log_likelihood > best.log_likelihood && one.log_likelihood > constant.log_likelihood + worth_min)
      best = one;
  }
  if (best.dof > dof_gaussian) best.dof = 0;
  return best;
}

}  // namespace regent::scenario
