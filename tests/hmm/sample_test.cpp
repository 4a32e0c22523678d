#include "hmm/sample.hpp"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

TEST(Sample, IsTheSameAgainWhateverTheNumberOfPathsBarsAndThreads) {
  const Model model = market_hierarchy(3);
  const std::vector<SamplePath> few = sample(model, 50, 3, 7);
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const std::vector<SamplePath> many = sample(model, 80, 9, 7);
  for (int path = 0; path < 3; ++path) {
    EXPECT_TRUE(std::equal(few[path].states.begin(), few[path].states.end(), many[path].states.begin()));
    EXPECT_TRUE(std::equal(few[path].observations.begin(), few[path].observations.end(),
                           many[path].observations.begin()));
  }
  EXPECT_NE(many[0].observations, many[1].observations);
  EXPECT_NE(sample(model, 50, 1, 8)[0].observations, few[0].observations);
}

// The law of a state at bar t over many paths is start · Pᵗ; far out it is the stationary law.
TEST(Sample, VisitsStatesAsTheMatrixPowersSay) {
  const Model model = market_hierarchy(1);
  const int paths = 20000, bars = 12;
  const std::vector<SamplePath> all = sample(model, bars, paths, 11);
  std::vector<double> law = model.flat_start(), transition = model.flat_transition();
  for (int t = 0; t < bars; ++t) {
    std::vector<double> share(9, 0);
    for (const SamplePath& path : all) share[path.states[t]] += 1.0 / paths;
    for (int k = 0; k < 9; ++k)
      EXPECT_NEAR(share[k], law[k], 5 * std::sqrt(law[k] * (1 - law[k]) / paths)) << "bar " << t;
    std::vector<double> next(9, 0);
    for (int k = 0; k < 9; ++k) {
      for (int to = 0; to < 9; ++to) next[to] += law[k] * transition[k * 9 + to];
    }
    law = next;
  }
}

TEST(Sample, StartsFromTheLawThatIsGiven) {
  const std::vector<double> sure{0, 0, 0, 0, 0, 1, 0, 0, 0};
  for (const SamplePath& path : sample(market_hierarchy(2), 1, 50, 3, sure)) EXPECT_EQ(path.states[0], 5);
}

Model one_state(int dimension) {
  Model model = market_hierarchy(dimension);
  model.macros = model.micros = 1;
  model.macro_start = model.macro_transition = model.micro_start = model.micro_transition = {1};
  model.micro_exit = {0};
  model.means.resize(dimension);
  model.covariances.resize(dimension * dimension);
  model.labels = {"regime_0"};
  return model;
}

TEST(Sample, HasTheMomentsOfAGaussianState) {
  Model model = one_state(3);
  model.means = {1, -2, 1e6};
  model.covariances = {4, 1, 0.5, 1, 1, 0.1, 0.5, 0.1, 0.25};
  const int bars = 200000;
  const SamplePath path = sample(model, bars, 1, 5)[0];
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j <= i; ++j) {
      double mean_i = 0, product = 0, fourth = 0;
      for (int t = 0; t < bars; ++t) {
        const double a = path.observations[t * 3 + i] - model.means[i];
        const double b = path.observations[t * 3 + j] - model.means[j];
        mean_i += a / bars;
        product += a * b / bars;
        fourth += a * a * a * a / bars;
      }
      const double vi = model.covariances[i * 4], vj = model.covariances[j * 4],
                   c = model.covariances[i * 3 + j];
      EXPECT_NEAR(mean_i, 0, 5 * std::sqrt(vi / bars));
      EXPECT_NEAR(product, c, 5 * std::sqrt((vi * vj + c * c) / bars));
      EXPECT_NEAR(fourth, 3 * vi * vi, 5 * std::sqrt(96.0 / bars) * vi * vi);
    }
  }
}

// Student-t of ν degrees: P(|x| <= s·t) from tables (Abramowitz, Stegun 1964, table 26.10): ν = 5: 2.571
// holds 95 %, 4.032 holds 99 %; ν = 1: 12.706 holds 95 %.
TEST(Sample, HasTheTailsOfAStudentT) {
  for (const auto& [dof, point, share] :
       {std::tuple{5.0, 2.571, 0.95}, std::tuple{5.0, 4.032, 0.99}, std::tuple{1.0, 12.706, 0.95}}) {
    Model model = one_state(1);
    model.emission = EmissionKind::student_t;
    model.dof = {dof};
    model.means = {3};
    model.covariances = {4};
    const int bars = 100000;
    const SamplePath path = sample(model, bars, 1, 9)[0];
    double inside = 0;
    for (double x : path.observations) inside += std::abs(x - 3) <= 2 * point ? 1.0 / bars : 0;
    EXPECT_NEAR(inside, share, 5 * std::sqrt(share * (1 - share) / bars)) << dof << " degrees of freedom";
  }
}

TEST(Sample, DrawsFromTheComponentsOfAMixture) {
  Model model = one_state(1);
  model.emission = EmissionKind::mixture;
  model.components = 2;
  model.mixture_weights = {0.3, 0.7};
  model.means = {-50, 50};
  model.covariances = {1, 1};
  const int bars = 20000;
  double low = 0;
  const std::vector<SamplePath> paths = sample(model, bars, 1, 13);
  for (double x : paths[0].observations) low += x < 0 ? 1.0 / bars : 0;
  EXPECT_NEAR(low, 0.3, 5 * std::sqrt(0.21 / bars));
}

TEST(Sample, RefusesSizesAndLawsThatAreNone) {
  const Model model = market_hierarchy(2);
  EXPECT_THROW(sample(model, 0, 1, 1), InputError);
  EXPECT_THROW(sample(model, 5, 0, 1), InputError);
  EXPECT_THROW(sample(model, 5, 1, 1, std::vector<double>{1, 0}), InputError);
  EXPECT_THROW(sample(model, 5, 1, 1, std::vector<double>(9, 0.2)), InputError);
}

}  // namespace
}  // namespace regent::hmm
