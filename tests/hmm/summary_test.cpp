#include "hmm/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

using testing::Each;
using testing::ElementsAre;

// Counted on a long simulated path: share of every regime, mean run, mean and deviation of the bars in it.
TEST(Summary, SaysOfAHierarchyWhatALongSimulationShows) {
  const Model model = market_hierarchy(2);
  const Simulated path = simulate(model, 400'000, 17);
  const auto regimes = summarise(model, long_run_shares(model));
  ASSERT_EQ(regimes.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(regimes[i].label);
    double bars = 0, runs = 0, sum = 0, squares = 0, stays = 0;
    for (std::size_t t = 0; t < path.states.size(); ++t) {
      if (path.states[t] / 3 != i) continue;
      ++bars;
      runs += t == 0 || path.states[t - 1] / 3 != i ? 1 : 0;
      stays += t + 1 < path.states.size() && path.states[t + 1] / 3 == i ? 1 : 0;
      sum += path.bars[2 * t];
      squares += path.bars[2 * t] * path.bars[2 * t];
    }
    const double mean = sum / bars;
    EXPECT_NEAR(regimes[i].share, bars / 400'000, 0.02);
    EXPECT_NEAR(regimes[i].mean_duration_bars, bars / runs, 0.05 * bars / runs);
    EXPECT_NEAR(regimes[i].means[0], mean, 0.06);
    EXPECT_NEAR(regimes[i].deviations[0], std::sqrt(squares / bars - mean * mean), 0.02);
    EXPECT_NEAR(regimes[i].next[i], stays / bars, 0.002);
    EXPECT_NEAR(regimes[i].next[0] + regimes[i].next[1] + regimes[i].next[2], 1, 1e-12);
  }
}

Model flat(std::vector<double> transition, std::vector<double> means, std::vector<double> variances) {
  Model model;
  model.features = {"log_return"};
  model.macros = 1;
  model.micros = static_cast<int>(means.size());
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_start.assign(means.size(), 0);
  model.micro_start[0] = 1;
  model.micro_transition = std::move(transition);
  model.micro_exit.assign(means.size(), 0);
  model.means = std::move(means);
  model.covariances = std::move(variances);
  model.labels = {"regime_0"};
  return model;
}

TEST(Summary, TakesEveryStateOfAFlatModelAsARegime) {
  const Model model = flat({0.9, 0.1, 0.3, 0.7}, {1, -1}, {1, 4});
  const auto shares = long_run_shares(model);  // 0.3 : 0.1
  EXPECT_NEAR(shares[0], 0.75, 1e-9);
  const auto regimes = summarise(model, shares);
  EXPECT_EQ(regimes[1].label, "state_1");
  EXPECT_NEAR(regimes[0].mean_duration_bars, 10, 1e-9);
  EXPECT_NEAR(regimes[1].mean_duration_bars, 1 / 0.3, 1e-9);
  EXPECT_EQ(regimes[1].deviations[0], 2);
  EXPECT_THAT(regimes[1].next, ElementsAre(0.3, 0.7));
}

TEST(Summary, FindsTheLongRunOfPeriodicAndAbsorbingChains) {
  const auto periodic = long_run_shares(flat({0, 1, 1, 0}, {0, 0}, {1, 1}));
  EXPECT_NEAR(periodic[0], 0.5, 1e-9);
  const Model absorbing = flat({0.5, 0.5, 0, 1}, {0, 0}, {1, 1});
  EXPECT_NEAR(long_run_shares(absorbing)[1], 1, 1e-9);
  EXPECT_TRUE(std::isinf(summarise(absorbing, long_run_shares(absorbing))[1].mean_duration_bars));
}

TEST(Summary, KnowsTheDeviationsOfStudentTAndMixtures) {
  Model student = flat({1}, {2}, {3});
  student.emission = EmissionKind::student_t;
  student.dof = {4};
  EXPECT_NEAR(summarise(student, std::vector{1.0})[0].deviations[0], std::sqrt(6), 1e-12);  // 3·4/2
  Model mixture = flat({1}, {0}, {1});
  mixture.emission = EmissionKind::mixture;
  mixture.components = 2;
  mixture.mixture_weights = {0.25, 0.75};
  mixture.means = {4, 0};
  mixture.covariances = {1, 2};
  EXPECT_NEAR(summarise(mixture, std::vector{1.0})[0].means[0], 1, 1e-12);
  // ¼·(1 + 9) + ¾·(2 + 1)
  EXPECT_NEAR(summarise(mixture, std::vector{1.0})[0].deviations[0], std::sqrt(4.75), 1e-12);
}

TEST(Summary, CallsTheMiddleStateTrendOnlyWhereItsDriftIsSignificant) {
  Model model = flat({0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8}, {0, 0.1, 0}, {0.1, 1, 4});
  name_flat_states(model, std::vector{100.0, 399.0, 100.0});  // 0.1 < 2·1/√399
  EXPECT_THAT(model.labels, ElementsAre("calm", "mid", "chaos"));
  name_flat_states(model, std::vector{100.0, 401.0, 100.0});
  EXPECT_THAT(model.labels, ElementsAre("calm", "trend", "chaos"));
}

// Rounding makes (I − A) invertible for a regime without an exit, with visits of −7e16 bars.
TEST(Summary, LastsForEverWhereNoExitIs) {
  Model model = market_hierarchy(1);
  const auto durations = [&] {
    std::vector<double> bars;
    for (const auto& regime : summarise(model, long_run_shares(model)))
      bars.push_back(regime.mean_duration_bars);
    return bars;
  };
  for (double& exit : model.micro_exit) exit = 0;
  for (int k = 0; k < 9; ++k) {
    const double row[] = {0.1 + 0.01 * k, 0.3, 0.6 - 0.01 * k};
    std::copy(row, row + 3, &model.micro_transition[3 * k]);
  }
  EXPECT_THAT(durations(), Each(INFINITY));
  // one micro state that never leaves keeps what comes to it; one that is never entered keeps nobody
  model.micro_exit = {0.5, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5};
  model.micro_start = {1, 0, 0, 1, 0, 0, 0, 0, 1};
  model.micro_transition = {0.5, 0.5, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1,
                            0,   0,   0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_THAT(durations(), ElementsAre(INFINITY, 2, 2));
  // an exit far below the rounding of 1 − exit
  model.micro_exit.assign(9, 1e-30);
  EXPECT_NEAR(durations()[0], 1e30, 1e16);
}

}  // namespace
}  // namespace regent::hmm
