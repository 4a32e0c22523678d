// What users of other libraries fell into, where it concerns the fit as a whole; the traps of the passes are
// in tests/cuda/hmm, those of many series in fit_batch_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hmm/filter.hpp"
#include "hmm/fit.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

Model flat(int states) {
  Model model;
  model.features = {"x"};
  model.labels = {"regime_0"};
  model.macros = 1;
  model.micros = states;
  model.macro_start = model.macro_transition = {1};
  model.micro_start.assign(states, 1.0 / states);
  model.micro_transition.assign(states * states, 1.0 / states);
  model.micro_exit.assign(states, 0);
  for (int k = 0; k < states; ++k) model.means.push_back(k);
  model.covariances.assign(states, 1);
  return model;
}

FitSettings without_priors(const Model& start) {
  FitSettings settings;
  settings.macros = start.macros;
  settings.micros = start.micros;
  settings.restarts = 0;
  settings.start = start;
  settings.dirichlet = 1;
  settings.sticky = settings.inverse_wishart_strength = 0;
  return settings;
}

// Bars about 0 with noise, about `level` from `change` on.
std::vector<double> one_change(int bars, int change, double level) {
  const Simulated noise = simulate(market_hierarchy(1), bars, 3);
  std::vector<double> x;
  for (int t = 0; t < bars; ++t) x.push_back(0.5 * noise.bars[t] + (t < change ? 0 : level));
  return x;
}

// A state that nothing leads to has a row of zero counts: it keeps its row, and the rest is fitted.
TEST(FitTraps, ARowOfZeroTransitionsKeepsItsValues) {
  Model start = flat(3);
  start.micro_start = {0.5, 0.5, 0};
  start.micro_transition = {0.9, 0.1, 0, 0.2, 0.8, 0, 0.3, 0.3, 0.4};
  start.means = {0, 20, 5};
  const FitResult result = fit(cpu(), one_change(400, 200, 20), {"x"}, without_priors(start));
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  const Model& model = result.model;
  int kept = 0;
  for (int k = 0; k < 3; ++k) {
    double sum = 0;
    for (int to = 0; to < 3; ++to) sum += model.micro_transition[k * 3 + to];
    EXPECT_NEAR(sum, 1, 1e-12);
    if (std::abs(model.means[k] - 5) < 1e-9) {
      ++kept;
      EXPECT_NEAR(model.covariances[k], 1, 1e-9);
      EXPECT_NEAR(model.micro_transition[k * 3 + k], 0.4, 1e-12);
    }
  }
  EXPECT_EQ(kept, 1);
}

// A switch that the start holds for one in ten billion: the posterior finds it, and EM learns its true rate.
TEST(FitTraps, ARareSwitchOfOneInTenBillionIsFoundAndLearned) {
  Model start = flat(2);
  start.micro_start = {0.5, 0.5};
  start.micro_transition = {1 - 1e-10, 1e-10, 1e-10, 1 - 1e-10};
  start.means = {0, 20};
  const std::vector<double> bars = one_change(500, 300, 20);
  const std::vector<double> posterior = filter_series(start, bars);
  EXPECT_GT(posterior[299 * 2], 0.999);
  EXPECT_GT(posterior[300 * 2 + 1], 0.999);
  const FitResult result = fit(cpu(), bars, {"x"}, without_priors(start));
  const int first = result.model.means[0] < result.model.means[1] ? 0 : 1;
  EXPECT_NEAR(result.model.micro_transition[first * 2 + 1 - first], 1.0 / 300, 1e-6);
}

// Without priors a state may narrow down onto one observation; the floor is where it stops.
TEST(FitTraps, AStateThatCollapsesOntoOneObservationStopsAtTheFloor) {
  std::vector<double> bars = one_change(300, 300, 0);
  bars[150] = 60;
  Model start = flat(2);
  start.means = {0, 60};
  start.covariances = {1, 0.01};
  const FitResult result = fit(cpu(), bars, {"x"}, without_priors(start));
  double mean = 0, variance = 0;
  for (double x : bars) mean += x / 300;
  for (double x : bars) variance += (x - mean) * (x - mean) / 300;
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  EXPECT_NEAR(*std::min_element(result.model.covariances.begin(), result.model.covariances.end()),
              1e-3 * variance, 1e-6 * variance);
}

// Densities above one make a positive log-likelihood, and convergence does not mind its sign.
TEST(FitTraps, PositiveLogDensitiesAreAsGoodAsNegativeOnes) {
  std::vector<double> bars = one_change(400, 200, 20);
  const FitResult wide = fit(cpu(), bars, {"x"}, without_priors(flat(2)));
  for (double& x : bars) x *= 1e-6;
  Model start = flat(2);
  for (double& mean : start.means) mean *= 1e-6;
  for (double& variance : start.covariances) variance *= 1e-12;
  const FitResult narrow = fit(cpu(), bars, {"x"}, without_priors(start));
  EXPECT_GT(narrow.log_likelihood, 0);
  EXPECT_TRUE(narrow.converged);
  EXPECT_EQ(narrow.iterations, wide.iterations);
  EXPECT_NEAR(narrow.log_likelihood, wide.log_likelihood + 400 * std::log(1e6), 1e-3);
}

// A stretch without any bar is prediction: the two ends are fitted as if it were not there but for its
// length.
TEST(FitTraps, EmptyBarsDoNotEndAFitEarlier) {
  const Model truth = market_hierarchy(2);
  std::vector<double> bars = simulate(truth, 300, 51).bars;
  FitSettings settings;
  settings.macros = 1;
  settings.restarts = 1;
  settings.iterations_max = 1000;
  const FitResult alone = fit(cpu(), bars, truth.features, settings);
  bars.resize(bars.size() + 2 * 30'000, std::nan(""));
  const FitResult padded = fit(cpu(), bars, truth.features, settings);
  EXPECT_TRUE(alone.converged);
  EXPECT_GE(2 * padded.iterations, alone.iterations);
}

TEST(FitTraps, AllFeaturesMissingForAStretchLeavesTheMomentsOfTheRest) {
  std::vector<double> bars = one_change(400, 200, 20);
  std::vector<double> gap = bars;
  std::fill(gap.begin() + 120, gap.begin() + 180, std::nan(""));
  Model start = flat(2);
  start.means = {0, 20};
  const FitResult result = fit(cpu(), gap, {"x"}, without_priors(start));
  double mean = 0;
  for (int t = 0; t < 200; ++t) mean += t < 120 || t >= 180 ? bars[t] / 140 : 0;
  EXPECT_NEAR(*std::min_element(result.model.means.begin(), result.model.means.end()), mean, 1e-4);
}

}  // namespace
}  // namespace regent::hmm
