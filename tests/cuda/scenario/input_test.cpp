// What is wrong with a law, a task, a stress or a history is refused by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "tests/cuda/scenario/laws.hpp"

namespace regent::cuda::scenario::test {
namespace {

using Spoil = void (*)(Law&, Task&);

std::string refusal_of(const Task& task) {
  try {
    validate(task);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}
std::string refusal_of(Spoil spoil) {
  Law law = rich_law();
  Task task = rich_task(law);
  spoil(law, task);
  return refusal_of(task);
}

TEST(ScenarioInput, IsRefusedByNameWhereALawIsWrong) {
  const std::pair<const char*, Spoil> cases[] = {
      {"assets is 0", [](Law& law, Task&) { law.assets = 0; }},
      {"factors is 33", [](Law& law, Task&) { law.factors = 33; }},
      {"regimes is 33", [](Law& law, Task&) { law.regimes = 33; }},
      {"start has 1 values, not 2", [](Law& law, Task&) { law.start.pop_back(); }},
      {"start row 0 sums to", [](Law& law, Task&) { law.start[0] = 0.6; }},
      {"transition has 3 values, not 4", [](Law& law, Task&) { law.transition.pop_back(); }},
      {"transition row 0 sums to", [](Law& law, Task&) { law.transition[1] = 0.2; }},
      {"transition[0] is 1.1",
       [](Law& law, Task&) {
         law.transition = {1.1, -0.1, .2, .8};
       }},
      {"drift has 9 values, not 10", [](Law& law, Task&) { law.drift.pop_back(); }},
      {"drift[2] is nan", [](Law& law, Task&) { law.drift[2] = std::nan(""); }},
      {"drift_of_variance has 9 values", [](Law& law, Task&) { law.drift_of_variance.pop_back(); }},
      {"drift_of_variance[0] is", [](Law& law, Task&) { law.drift_of_variance[0] = -9; }},
      {"loadings has 29 values", [](Law& law, Task&) { law.loadings.pop_back(); }},
      {"loadings[3] is nan", [](Law& law, Task&) { law.loadings[3] = std::nan(""); }},
      {"idiosyncratic has 9 values", [](Law& law, Task&) { law.idiosyncratic.pop_back(); }},
      {"idiosyncratic[0] is -1", [](Law& law, Task&) { law.idiosyncratic[0] = -1; }},
      {"beta has 4 values", [](Law& law, Task&) { law.beta.pop_back(); }},
      {"beta[4] is", [](Law& law, Task&) { law.beta[4] = 1e9; }},
      {"dof is 2", [](Law& law, Task&) { law.dof = 2; }},
      {"idiosyncratic_dof has 4 values", [](Law& law, Task&) { law.idiosyncratic_dof.pop_back(); }},
      {"idiosyncratic_dof[1] is 2.0", [](Law& law, Task&) { law.idiosyncratic_dof[1] = 2; }},
      {"idiosyncratic_dof[4] is nan", [](Law& law, Task&) { law.idiosyncratic_dof[4] = std::nan(""); }},
      {"own_volatility.persistence", [](Law& law, Task&) { law.own_volatility = {true, 1, 0.1}; }},
      {"own_volatility.response", [](Law& law, Task&) { law.own_volatility = {true, 0.9, -0.1}; }},
      {"own_volatility.start has 1 values, not 5",
       [](Law& law, Task&) { law.own_volatility = {true, 0.9, 0.1, {1}}; }},
      {"own_volatility.start[4] is 0",
       [](Law& law, Task&) { law.own_volatility = {true, 0.9, 0.1, {1, 1, 1, 1, 0}}; }},
      {"set apart", [](Law& law, Task&) { law.own_volatility.response = 0.1; }},
      {"volatility.alpha", [](Law& law, Task&) { law.volatility.alpha = -0.1; }},
      {"volatility.gamma", [](Law& law, Task&) { law.volatility.gamma = -0.1; }},
      {"volatility.beta", [](Law& law, Task&) { law.volatility.beta = -0.1; }},
      {"below 1 the variance has a mean", [](Law& law, Task&) { law.volatility.beta = 0.95; }},
      {"volatility.ceiling", [](Law& law, Task&) { law.volatility.ceiling = 0; }},
      {"volatility.start", [](Law& law, Task&) { law.volatility.start = 401; }},
      {"volatility.reversion",
       [](Law& law, Task&) { law.volatility = {.kind = VolatilityKind::diffusion, .reversion = 2}; }},
      {"volatility.level",
       [](Law& law, Task&) { law.volatility = {.kind = VolatilityKind::diffusion, .level = -1}; }},
      {"volatility.deviation",
       [](Law& law, Task&) { law.volatility = {.kind = VolatilityKind::diffusion, .deviation = -1}; }},
      {"volatility.correlation",
       [](Law& law, Task&) { law.volatility = {.kind = VolatilityKind::diffusion, .correlation = 1.01}; }},
      {"jumps.variance raises a volatility that is constant", [](Law& law, Task&) { law.volatility = {}; }},
      {"jumps.intensity has 1 values", [](Law& law, Task&) { law.jumps.intensity.pop_back(); }},
      {"jumps.intensity[1] is 5", [](Law& law, Task&) { law.jumps.intensity[1] = 5; }},
      {"jumps.scale has 4 values", [](Law& law, Task&) { law.jumps.scale.pop_back(); }},
      {"jumps.scale[0] is", [](Law& law, Task&) { law.jumps.scale[0] = 101; }},
      {"jumps.mean", [](Law& law, Task&) { law.jumps.mean = 6; }},
      {"jumps.deviation", [](Law& law, Task&) { law.jumps.deviation = -0.1; }},
      {"jumps.participation", [](Law& law, Task&) { law.jumps.participation = 1.1; }},
      {"jumps.excitation", [](Law& law, Task&) { law.jumps.excitation = -1; }},
      {"jumps.decay", [](Law& law, Task&) { law.jumps.decay = 1; }},
      {"jumps.variance is", [](Law& law, Task&) { law.jumps.variance = 500; }},
      {"liquidity.probability", [](Law& law, Task&) { law.liquidity.probability = 1.1; }},
      {"liquidity.multiple", [](Law& law, Task&) { law.liquidity.multiple = 0.5; }},
      {"liquidity.decay", [](Law& law, Task&) { law.liquidity.decay = -0.1; }},
      {"liquidity.spread has 1 values", [](Law& law, Task&) { law.liquidity.spread.pop_back(); }},
      {"liquidity.spread[0] is", [](Law& law, Task&) { law.liquidity.spread[0] = -1; }}};
  for (const auto& [words, spoil] : cases) EXPECT_THAT(refusal_of(spoil), testing::HasSubstr(words));
  EXPECT_EQ(refusal_of([](Law&, Task&) {}), "accepted");
}

TEST(ScenarioInput, IsRefusedByNameWhereATaskIsWrong) {
  static std::vector<Stress> schedule;
  schedule.assign(60, {});
  const std::pair<const char*, Spoil> cases[] = {
      {"either a law or a history", [](Law&, Task& task) { task.law = nullptr; }},
      {"steps is 0", [](Law&, Task& task) { task.steps = 0; }},
      {"schedule of 60 steps for 61",
       [](Law&, Task& task) {
         task.steps = 61;
         task.schedule = schedule;
       }},
      {"policy.target has 4 values", [](Law&, Task& task) { task.policy.target.pop_back(); }},
      {"policy.target[1] is nan", [](Law&, Task& task) { task.policy.target[1] = std::nan(""); }},
      {"policy.rebalance_bars", [](Law&, Task& task) { task.policy.rebalance_bars = -1; }},
      {"policy.volatility_target", [](Law&, Task& task) { task.policy.volatility_target = -1; }},
      {"policy.volatility_half_life_bars",
       [](Law&, Task& task) { task.policy.volatility_half_life_bars = 0; }},
      {"policy.trend_half_life_bars", [](Law&, Task& task) { task.policy.trend_half_life_bars = -1; }},
      {"policy.exposure_max", [](Law&, Task& task) { task.policy.exposure_max = 101; }},
      {"costs.fee", [](Law&, Task& task) { task.costs.fee = -0.1; }},
      {"costs.half_spread", [](Law&, Task& task) { task.costs.half_spread = 0.6; }},
      {"costs.impact", [](Law&, Task& task) { task.costs.impact = -1; }},
      {"ruin_equity", [](Law&, Task& task) { task.ruin_equity = 1; }}};
  for (const auto& [words, spoil] : cases) EXPECT_THAT(refusal_of(spoil), testing::HasSubstr(words));
}

TEST(ScenarioInput, IsRefusedByNameWhereAStressIsWrong) {
  static Stress stress;
  const auto refusal = [](Stress one) {
    stress = one;
    return refusal_of([](Law&, Task& task) {
      static std::vector<Stress> schedule;
      schedule.assign(60, {});
      schedule[7] = stress;
      task.schedule = schedule;
    });
  };
  EXPECT_THAT(refusal({.volatility = -1}), testing::HasSubstr("schedule[7].volatility"));
  EXPECT_THAT(refusal({.drift = 101}), testing::HasSubstr("schedule[7].drift"));
  EXPECT_THAT(refusal({.market_move = -6}), testing::HasSubstr("schedule[7].market_move"));
  EXPECT_THAT(refusal({.jumps = -1}), testing::HasSubstr("schedule[7].jumps"));
  EXPECT_THAT(refusal({.spread = -1}), testing::HasSubstr("schedule[7].spread"));
  EXPECT_THAT(refusal({.impact = -1}), testing::HasSubstr("schedule[7].impact"));
  EXPECT_THAT(refusal({.regime = 2}), testing::HasSubstr("schedule[7].regime is 2"));
  EXPECT_EQ(refusal({.regime = 1}), "accepted");
}

TEST(ScenarioInput, IsRefusedByNameWhereAHistoryIsWrong) {
  const auto refusal = [](void (*spoil)(History&, Task&)) {
    History history{.kind = HistoryKind::replay, .log_returns = std::vector<double>(40, 0.01), .assets = 2};
    Task task;
    task.history = &history;
    task.policy.target = {0.5, 0.5};
    task.steps = 20;
    spoil(history, task);
    return refusal_of(task);
  };
  using testing::HasSubstr;
  EXPECT_EQ(refusal([](History&, Task&) {}), "accepted");
  EXPECT_THAT(refusal([](History& h, Task&) { h.log_returns.clear(); }), HasSubstr("history has 0 returns"));
  EXPECT_THAT(refusal([](History& h, Task&) { h.log_returns.pop_back(); }), HasSubstr("not whole bars of 2"));
  EXPECT_THAT(refusal([](History& h, Task&) { h.log_returns[3] = std::nan(""); }),
              HasSubstr("history[3] is nan"));
  EXPECT_THAT(refusal([](History& h, Task&) { h.assets = 0; }), HasSubstr("assets is 0"));
  EXPECT_THAT(refusal([](History& h, Task&) {
                h.regime = {1, 2};
              }),
              HasSubstr("history.regime has 2 values for 20 bars"));
  EXPECT_THAT(refusal([](History& h, Task&) { h.regime.assign(20, 32); }), HasSubstr("history.regime is 32"));
  EXPECT_THAT(refusal([](History& h, Task&) { h.block_bars = 0.5; }), HasSubstr("block_bars is 0.5"));
  EXPECT_THAT(refusal([](History&, Task& task) { task.steps = 21; }), HasSubstr("replay of 21 steps"));
  EXPECT_THAT(refusal([](History&, Task& task) {
                static const std::vector<Stress> storm(20, {.jumps = 2});
                task.schedule = storm;
              }),
              HasSubstr("a history has no jumps"));
}

}  // namespace
}  // namespace regent::cuda::scenario::test
