#pragma once
// The benchmark's market: 16 assets, four factors, three regimes that differ in volatility, jumps in which a
// part of the assets takes part, own shocks with Student-t tails, daily rebalancing to equal weights with fee
// and spread; own shocks with volatilities of their own where asked for.

#include "base/philox.hpp"
#include "cuda/scenario/scenario.hpp"

namespace regent::bench {

inline constexpr int assets = 16, factors = 4, steps = 252;

inline cuda::scenario::Law benchmark_law(bool own_volatility) {
  cuda::scenario::Law law;
  law.assets = assets;
  law.factors = factors;
  law.regimes = 3;
  law.start = {1, 0, 0};
  law.transition = {.98, .015, .005, .02, .97, .01, .02, .05, .93};
  const double level[3] = {0.6, 1.0, 2.5};
  const Random random{4};
  for (std::uint32_t k = 0; k < 3; ++k) {
    for (std::uint32_t i = 0; i < assets; ++i) {
      const Philox4 bits = random.bits(i, 0, 0, Purpose::none);
      law.drift.push_back(4e-4 - 3e-4 * k);
      law.idiosyncratic.push_back(level[k] * (0.008 + 0.004 * uniform_from_bits(bits.x, bits.y)));
      for (std::uint32_t f = 0; f < factors; ++f) {
        const Philox4 own = random.bits(i, f, 1, Purpose::none);
        const double size = f == 0 ? 0.009 : 0.003;
        law.loadings.push_back(level[k] * size * (f == 0 ? 1 : 2 * uniform_from_bits(own.x, own.y) - 1));
      }
    }
  }
  for (int i = 0; i < assets; ++i) law.idiosyncratic_dof.push_back(3 + i % 4);
  law.jumps.intensity = {0.002, 0.005, 0.03};
  law.jumps.mean = -0.02;
  law.jumps.deviation = 0.02;
  law.jumps.participation = 0.5;
  law.jumps.scale.assign(assets, 1.0);
  if (own_volatility) law.own_volatility = {.apart = true, .persistence = 0.98, .response = 0.15};
  return law;
}

inline cuda::scenario::Task benchmark_task(const cuda::scenario::Law& law) {
  cuda::scenario::Task task;
  task.law = &law;
  task.policy.target.assign(assets, 1.0 / assets);
  task.costs = {.fee = 0.00075, .half_spread = 0.0005};
  task.steps = steps;
  return task;
}

}  // namespace regent::bench
