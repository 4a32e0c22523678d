#pragma once
// Laws with known answers, for one asset held without costs: equity is then the price, beginning at 1.

#include <cmath>
#include <vector>

#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario::test {

inline Law one_asset(double drift, double deviation) {
  Law law;
  law.assets = law.factors = law.regimes = 1;
  law.start = law.transition = {1.0};
  law.drift = {drift};
  law.loadings = {deviation};
  law.idiosyncratic = {0.0};
  return law;
}

// Steps of a geometric Brownian motion: drift r, volatility sigma a year.
inline Law black_scholes(double r, double sigma, double years, int steps) {
  const double dt = years / steps;
  return one_asset((r - 0.5 * sigma * sigma) * dt, sigma * std::sqrt(dt));
}

// Merton (1976): gamma of the variance comes from jumps, which come lambda times a year and change the price
// by a factor of mean 1.
inline Law merton(double r, double sigma, double lambda, double gamma, double years, int steps) {
  Law law = black_scholes(r, sigma * std::sqrt(1 - gamma), years, steps);
  const double deviation = sigma * std::sqrt(gamma / lambda);
  law.jumps.intensity = {lambda * years / steps};
  law.jumps.mean = -0.5 * deviation * deviation;
  law.jumps.deviation = deviation;
  law.jumps.scale = {1.0};
  return law;
}

struct HestonParameters {
  double r, q, v0, kappa, theta, sigma, rho, years;
};
inline Law heston(const HestonParameters& p, int steps) {
  const double dt = p.years / steps;
  Law law = one_asset((p.r - p.q) * dt, std::sqrt(dt));
  law.drift_of_variance = {-0.5 * dt};
  law.volatility = {.kind = VolatilityKind::diffusion,
                    .reversion = p.kappa * dt,
                    .level = p.theta,
                    .deviation = p.sigma * std::sqrt(dt),
                    .correlation = p.rho,
                    .start = p.v0,
                    .ceiling = 100};
  return law;
}

// Three regimes that differ in nothing but their number.
inline Law chain(std::vector<double> transition) {
  Law law = one_asset(0, 0.01);
  law.regimes = 3;
  law.start = {1, 0, 0};
  law.transition = std::move(transition);
  law.drift.assign(3, 0);
  law.loadings.assign(3, 0.01);
  law.idiosyncratic.assign(3, 0);
  return law;
}

inline Task hold(const Law& law, int steps, std::uint64_t seed) {
  Task task;
  task.law = &law;
  task.policy = {.target = std::vector<double>(law.assets, 1.0 / law.assets), .rebalance_bars = 0};
  task.ruin_equity = 0;
  task.steps = steps;
  task.seed = seed;
  return task;
}

struct Estimate {
  double mean, standard_error;
};
template <class Value>
Estimate mean_of(const std::vector<double>& paths, const Value& value) {
  double sum = 0, squares = 0;
  for (const double x : paths) {
    const double v = value(x);
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<double>(paths.size());
  return {sum / n, std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)) / n)};
}
inline Estimate call(const Outcomes& out, double spot, double strike, double discount) {
  return mean_of(out.final_equity, [&](double x) { return discount * std::max(0.0, spot * x - strike); });
}

}  // namespace regent::cuda::scenario::test
