// Accounts of weights from outside, against the fused runs.

#include "cuda/scenario/path_account.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cuda/scenario/laws.hpp"

namespace regent::cuda::scenario::test {
namespace {

// Seven assets (a group of four and three), wild enough for ruin, with liquidity shocks and a stress on
// costs.
Law wild_law() {
  Law law;
  law.assets = 7;
  law.factors = law.regimes = 1;
  law.start = law.transition = {1.0};
  law.drift.assign(7, -1e-3);
  law.loadings.assign(7, 0.03);
  law.idiosyncratic.assign(7, 0.02);
  law.beta.assign(7, 1);
  law.liquidity = {.probability = 0.1, .multiple = 5, .decay = 0.8, .spread = {1.5}};
  return law;
}

TEST(PathAccount, OfConstantWeightsHasTheBitsOfTheFusedRun) {
  const Law law = wild_law();
  std::vector<Stress> schedule(50);
  schedule[0] = {.spread = 3, .impact = 2};
  schedule[7] = {.market_move = -0.2, .spread = 8, .impact = 4};
  Task task = hold(law, 50, 17);
  task.schedule = schedule;
  task.policy = {.target = {0.4, 0.3, -0.5, 0.3, 0.1, 0.2, 0.1}, .rebalance_bars = 1};
  task.costs = {.fee = 0.001, .half_spread = 0.0005, .impact = 0.01};
  task.ruin_equity = 0.7;
  const Resources cpu = Resources::make("cpu");
  const std::size_t paths = 48, n = 7, steps = 50;
  const Outcomes fused = run(cpu, task, 3, paths);
  const Paths kept = record(cpu, task, 3, paths);
  Outcomes out = room_for_outcomes(paths);
  for (std::size_t p = 0; p < paths; ++p) {
    PathAccount account(task.costs, task.ruin_equity, task.policy.target, 3, 2);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::size_t at = p * steps + t;
      account.step(std::span(kept.log_returns).subspan(at * n, n), task.policy.target, kept.spread[at],
                   kept.impact[at]);
      ASSERT_EQ(account.equity(), kept.equity[at]) << "path " << p << " step " << t;
    }
    account.put(out, p, kept.regime[p * steps + steps - 1]);
    EXPECT_EQ(account.ruined(), fused.ruin_step[p] >= 0);
  }
  EXPECT_EQ(out.final_equity, fused.final_equity);
  EXPECT_EQ(out.turnover, fused.turnover);
  EXPECT_EQ(out.costs, fused.costs);
  EXPECT_EQ(out.drawdown_max, fused.drawdown_max);
  EXPECT_EQ(out.ruin_step, fused.ruin_step);
  EXPECT_EQ(out.final_regime, fused.final_regime);
  const auto ruined = std::ranges::count_if(fused.ruin_step, [](int step) { return step >= 0; });
  EXPECT_GT(ruined, 0) << "no path was ruined: the test says nothing of ruin";
  EXPECT_LT(ruined, static_cast<std::ptrdiff_t>(paths));
  EXPECT_GT(*std::ranges::max_element(kept.spread), 20) << "no shock fell on the stress";
}

TEST(PathAccount, TradesToTheWeightsOfEachStep) {
  // half in the first asset, which doubles; then all into the second, which halves; by hand
  const Costs costs{.fee = 0.01, .half_spread = 0.02, .impact = 0};
  PathAccount account(costs, 0, std::vector<double>{0.5, 0}, 1, 1);
  const double bought = 1 - 0.5 * 0.03;
  EXPECT_NEAR(account.equity(), bought, 1e-7);
  account.step(std::vector<float>{std::log(2.0F), 0}, std::vector<double>{0, 1}, 2, 1);
  // held 1 of 1.5 in the first: ⅔ is sold and all is bought
  const double moved = bought * 1.5 * (1 - (2.0 / 3 + 1) * (0.01 + 2 * 0.02));
  EXPECT_NEAR(account.equity(), moved, 1e-6);
  account.step(std::vector<float>{0, std::log(0.5F)}, std::vector<double>{0, 1}, 1, 1);
  EXPECT_NEAR(account.equity(), moved * 0.5, 1e-6);
  Outcomes out = room_for_outcomes(1);
  account.put(out, 0, 2);
  EXPECT_NEAR(out.turnover[0], 2.0 / 3 + 1, 1e-6);
  EXPECT_NEAR(out.drawdown_max[0], 0.5, 1e-6);
  EXPECT_EQ(out.final_regime[0], 2);
}

}  // namespace
}  // namespace regent::cuda::scenario::test
