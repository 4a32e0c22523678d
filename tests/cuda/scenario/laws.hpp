#pragma once
// Laws with known answers, for one asset held without costs: equity is then the price, beginning at 1. And
// one with everything in it. What two runs gave, compared.

#include <gtest/gtest.h>

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

// Two regimes and everything switched on; five assets are a group of four and one.
inline Law rich_law(int assets = 5, int factors = 3) {
  Law law;
  law.assets = assets;
  law.factors = factors;
  law.regimes = 2;
  law.start = {0.5, 0.5};
  law.transition = {.9, .1, .2, .8};
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < assets; ++i) {
      law.drift.push_back(1e-4 * (i % 5 - 2));
      law.drift_of_variance.push_back(-1e-4 * (k + 1));
      law.idiosyncratic.push_back(0.01 * (k + 1) + 0.001 * i);
      for (int f = 0; f < factors; ++f)
        law.loadings.push_back(0.01 * (k + 1) * (f == 0 ? 1 : (i + f) % 3 - 1));
    }
  }
  const double beta[] = {1, 0.5, 1.5, 1, -1}, dof[] = {3, 0, 4, 20, 2.6}, scale[] = {1, 1, 0.5, 2, 1};
  for (int i = 0; i < assets; ++i) {
    law.beta.push_back(beta[i % 5]);
    law.idiosyncratic_dof.push_back(dof[i % 5]);
    law.jumps.scale.push_back(scale[i % 5]);
  }
  law.dof = 5;
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.05, .gamma = 0.1, .beta = 0.8};
  law.jumps = {.intensity = {0.05, 0.2},
               .mean = -0.03,
               .deviation = 0.02,
               .scale = law.jumps.scale,
               .participation = 0.6,
               .excitation = 0.5,
               .decay = 0.7,
               .variance = 0.5};
  law.liquidity = {.probability = 0.05, .multiple = 5, .decay = 0.8, .spread = {1, 2}};
  return law;
}

inline Task rich_task(const Law& law) {
  Task task;
  task.law = &law;
  const double target[] = {0.4, 0.3, -0.2, 0.3, 0.1};
  for (int i = 0; i < law.assets; ++i) task.policy.target.push_back(target[i % 5] * 5 / law.assets);
  task.policy = {.target = task.policy.target,
                 .rebalance_bars = 3,
                 .volatility_target = 0.02,
                 .trend_half_life_bars = 10,
                 .exposure_max = 2};
  task.costs = {.fee = 0.001, .half_spread = 0.0005, .impact = 0.01};
  task.ruin_equity = 0.5;
  task.steps = 60;
  task.seed = 11;
  return task;
}

// The same bits of `count` paths, from those numbered `from` and `at` on.
inline void expect_same(const Outcomes& a, std::size_t from, const Outcomes& b, std::size_t at,
                        std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(a.final_equity[from + i], b.final_equity[at + i]) << "path " << from + i;
    ASSERT_EQ(a.turnover[from + i], b.turnover[at + i]);
    ASSERT_EQ(a.costs[from + i], b.costs[at + i]);
    ASSERT_EQ(a.drawdown_max[from + i], b.drawdown_max[at + i]);
    ASSERT_EQ(a.ruin_step[from + i], b.ruin_step[at + i]);
    ASSERT_EQ(a.final_regime[from + i], b.final_regime[at + i]);
  }
}

inline void expect_all_same(const Outcomes& a, const Outcomes& b) {
  const std::size_t paths = b.final_equity.size();
  for (const std::size_t size :
       {a.final_equity.size(), a.turnover.size(), a.costs.size(), a.drawdown_max.size(), a.ruin_step.size(),
        a.final_regime.size(), b.turnover.size(), b.costs.size(), b.drawdown_max.size(), b.ruin_step.size(),
        b.final_regime.size()}) {
    ASSERT_EQ(size, paths);
  }
  expect_same(a, 0, b, 0, paths);
}

}  // namespace regent::cuda::scenario::test
