#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/fit.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

// Six levels, each for a hundred bars, in no order of size.
constexpr double levels[] = {4, -3, 9, 0, -8, 14};
std::vector<double> left_to_right() {
  std::vector<double> bars;
  const Simulated noise = simulate(market_hierarchy(1), 600, 5);
  for (int t = 0; t < 600; ++t) bars.push_back(levels[t / 100] + 0.1 * noise.bars[t]);
  return bars;
}

TEST(Masks, KeepALeftRightModelGoingRight) {
  FitSettings settings;
  settings.macros = 1;
  settings.micros = 6;
  settings.restarts = 2;
  for (int from = 0; from < 6; ++from) {
    for (int to = 0; to < 6; ++to) settings.allowed_micro.push_back(to == from || to == from + 1 ? 1 : 0);
  }
  const Model model = fit(cpu(), left_to_right(), {"x"}, settings).model;
  for (int from = 0; from < 6; ++from) {
    // states read from left to right: their means are the levels in the order of time
    EXPECT_NEAR(model.means[from], levels[from], 0.3);
    for (int to = 0; to < 6; ++to) {
      const double stays = from == 5 ? 1 : (99 + 0.5) / (100 + 1);  // one move in 100 bars, Dirichlet 1.5
      const double expected = to == from ? stays : to == from + 1 ? 1 - stays : 0;
      EXPECT_NEAR(model.micro_transition[from * 6 + to], expected, 1e-4);
      if (expected == 0) {
        EXPECT_EQ(model.micro_transition[from * 6 + to], 0);
      }
    }
  }
}

TEST(Masks, ForbidMovesOfAHierarchy) {
  const Model truth = market_hierarchy(3);
  FitSettings settings;
  settings.restarts = 3;
  settings.allowed_macro = {1, 1, 0, 1, 1, 1, 0, 1, 1};  // calm and chaos never follow each other at once
  settings.allowed_micro.assign(27, 1);
  settings.allowed_micro[2] = settings.allowed_micro[6] = 0;
  const FitResult result = fit(cpu(), simulate(truth, 1500, 7).bars, truth.features, settings);
  EXPECT_EQ(result.failed_restarts, 0);
  EXPECT_EQ(result.model.macro_transition[2], 0);
  EXPECT_EQ(result.model.macro_transition[6], 0);
  EXPECT_EQ(result.model.macro_transition[1], 1);
  EXPECT_EQ(result.model.micro_transition[2], 0);
  EXPECT_EQ(result.model.micro_transition[6], 0);
  EXPECT_THAT(result.model.labels, testing::ElementsAre("regime_0", "regime_1", "regime_2"));
}

TEST(Masks, NeverLeaveARegimeThatMayGoNowhere) {
  const Model truth = market_hierarchy(2);
  FitSettings settings;
  settings.restarts = 3;
  settings.allowed_macro = {0, 1, 0, 0, 0, 1, 0, 0, 0};
  const FitResult result = fit(cpu(), simulate(truth, 1200, 9).bars, truth.features, settings);
  for (int k = 6; k < 9; ++k) EXPECT_EQ(result.model.micro_exit[k], 0);
  for (int k = 0; k < 3; ++k) EXPECT_GT(result.model.micro_exit[k], 0);
  EXPECT_TRUE(std::isfinite(result.penalised_log_likelihood));
}

TEST(Masks, AreCheckedBeforeAnythingIsFitted) {
  const std::vector<double> bars = left_to_right();
  FitSettings settings;
  settings.macros = 1;
  settings.micros = 3;
  settings.allowed_micro = {1, 1, 1, 0, 0, 0, 1, 1, 1};
  EXPECT_THAT(message_of([&] { fit(cpu(), bars, {"x"}, settings); }), testing::HasSubstr("row 1"));
  settings.allowed_micro.pop_back();
  EXPECT_THAT(message_of([&] { fit(cpu(), bars, {"x"}, settings); }),
              testing::HasSubstr("allowed_micro has 8"));
}

FitSettings fixed_at(const Model& start) {
  FitSettings settings;
  settings.start = start;
  settings.restarts = 0;
  settings.iterations_max = 30;
  return settings;
}

TEST(FixedParameters, StayAsTheStartHasThemWhileTheOthersMove) {
  const Model truth = market_hierarchy(2);
  Model start = truth;
  start.labels = {"low", "middle", "high"};
  start.macro_start = {1, 0, 0};  // a zero that only a free row may lift
  for (double& value : start.means) value += 0.1;
  const std::vector<double> bars = simulate(truth, 1500, 11).bars;
  const auto fitted = [&](FreeParameters free) {
    FitSettings settings = fixed_at(start);
    settings.free = free;
    return fit(cpu(), bars, truth.features, settings).model;
  };
  const Model no_start = fitted({false, true, true, true});
  EXPECT_EQ(no_start.macro_start, start.macro_start);
  EXPECT_NE(no_start.micro_exit, start.micro_exit);
  EXPECT_EQ(no_start.labels, start.labels);
  const Model no_transitions = fitted({true, false, true, true});
  EXPECT_EQ(no_transitions.macro_transition, start.macro_transition);
  EXPECT_EQ(no_transitions.micro_transition, start.micro_transition);
  EXPECT_EQ(no_transitions.micro_exit, start.micro_exit);
  EXPECT_EQ(no_transitions.micro_start, start.micro_start);
  EXPECT_NE(no_transitions.macro_start, start.macro_start);
  const Model no_means = fitted({true, true, false, true});
  expect_near(no_means.means, start.means, 1e-12);
  EXPECT_GT(std::abs(no_means.covariances[0] - start.covariances[0]), 1e-4);
  const Model no_covariances = fitted({true, true, true, false});
  expect_near(no_covariances.covariances, start.covariances, 1e-12);
  EXPECT_GT(std::abs(no_covariances.means[0] - start.means[0]), 1e-4);
}

// With the mean fixed, the likeliest variance of one state is the mean square about that mean.
TEST(FixedParameters, LeaveTheCovarianceAboutTheFixedMean) {
  Model start = market_hierarchy(1);
  start.macros = start.micros = 1;
  start.macro_start = start.macro_transition = start.micro_start = start.micro_transition = {1};
  start.micro_exit = {0};
  start.means = {2};
  start.covariances = {1};
  start.labels = {"regime_0"};
  FitSettings settings = fixed_at(start);
  settings.macros = settings.micros = 1;
  settings.inverse_wishart_strength = 0;
  settings.free.means = false;
  const std::vector<double> bars{1, 4, 3, -2, 0.5, 6, 2, 2};
  double square = 0;
  for (double x : bars) square += (x - 2) * (x - 2) / 8;
  EXPECT_NEAR(fit(cpu(), bars, start.features, settings).model.covariances[0], square, 1e-5);
}

TEST(FixedParameters, NeedAStart) {
  FitSettings settings;
  settings.free.means = false;
  EXPECT_THAT(message_of([&] { fit(cpu(), left_to_right(), {"x"}, settings); }),
              testing::HasSubstr("start model"));
}

// Dirichlet, Beta, normal and inverse-Wishart priors together: EM never lowers the penalised likelihood.
TEST(Priors, AllTogetherKeepTheFitMonotone) {
  const Model truth = market_hierarchy(2);
  const std::vector<double> bars = simulate(truth, 600, 13).bars;
  FitSettings settings = fixed_at(truth);
  for (double& value : settings.start->means) value *= 1.3;
  settings.mean_strength = 20;
  settings.dirichlet = 3;
  settings.tolerance = 0;
  settings.double_precision = true;
  double before = -INFINITY;
  for (int steps = 1; steps <= 25; ++steps) {
    settings.iterations_max = steps;
    const FitResult result = fit(cpu(), bars, truth.features, settings);
    EXPECT_GE(result.penalised_log_likelihood, before - 1e-7) << steps << " steps";
    before = result.penalised_log_likelihood;
  }
}

// Two far clouds of 100 bars at −10 and 10 about a mean of 0, κ = 25 bars of prior there: each mean is held
// back to 10·n/(n + κ) = 8, and its variance is about that mean, prior included: 0.02 + 2² + 25·8²/100.
TEST(Priors, HoldTheMeansBackByTheirStrength) {
  std::vector<double> bars;
  for (int t = 0; t < 200; ++t) bars.push_back((t / 50 % 2 == 0 ? -10.0 : 10.0) + 0.1 * (t % 5 - 2));
  FitSettings settings;
  settings.macros = 1;
  settings.micros = 2;
  settings.inverse_wishart_strength = 0;
  settings.mean_strength = 25;
  const FitResult result = fit(cpu(), bars, {"x"}, settings);
  EXPECT_NEAR(std::abs(result.model.means[0]), 10 * 100.0 / 125, 1e-3);
  EXPECT_NEAR(std::abs(result.model.means[1]), 10 * 100.0 / 125, 1e-3);
  for (double variance : result.model.covariances) EXPECT_NEAR(variance, 0.02 + 4 + 16, 0.02);
}

TEST(Fit, TakesUpAStartWithProbabilitiesOfZero) {
  Model start = market_hierarchy(2);
  start.macro_start = {0, 1, 0};
  start.micro_transition[1] = 0;
  start.micro_transition[0] = 0.95;
  const FitResult result =
      fit(cpu(), simulate(market_hierarchy(2), 800, 17).bars, start.features, fixed_at(start));
  EXPECT_TRUE(std::isfinite(result.penalised_log_likelihood));
  EXPECT_GT(result.iterations, 2);
}

}  // namespace
}  // namespace regent::hmm
