#include "hmm/start.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "hmm/fit.hpp"
#include "hmm/inference.hpp"

namespace regent::hmm {
namespace {

// Three states that last, in two features; the third is wider than the distance between the others.
Model wide_and_narrow() {
  Model model;
  model.features = {"x", "y"};
  model.macros = 1;
  model.micros = 3;
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_start = {1, 0, 0};
  model.micro_transition = {0.98, 0.015, 0.005, 0.01, 0.98, 0.01, 0.005, 0.015, 0.98};
  model.micro_exit = {0, 0, 0};
  model.means = {0.1, 0, 0, 2, -0.3, 5};
  model.covariances = {0.04, 0, 0, 0.2, 0.25, 0, 0, 0.3, 2, 0.1, 0.1, 1};
  model.labels = {"regime_0"};
  return model;
}

std::vector<double> bars_of(const Model& model, int count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> bars;
  int state = 0;
  for (int t = 0; t < count; ++t) {
    const double *mean = &model.means[state * 2], *covariance = &model.covariances[state * 4];
    const double root = std::sqrt(covariance[0]), cross = covariance[1] / root, first = normal(engine);
    bars.push_back(mean[0] + root * first);
    bars.push_back(mean[1] + cross * first + std::sqrt(covariance[3] - cross * cross) * normal(engine));
    const double* row = &model.micro_transition[state * 3];
    state = std::discrete_distribution<int>(row, row + 3)(engine);
  }
  return bars;
}

// k-means cuts the wide state in two and joins the narrow ones: 2,000 and more below what can be reached.
TEST(Start, FindsNarrowStatesBesideAWideOne) {
  const Model truth = wide_and_narrow();
  const cuda::Resources cpu = cuda::Resources::make("cpu");
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const std::vector<double> bars = bars_of(truth, 3000, seed);
    FitSettings settings;
    settings.macros = 1;
    settings.micros = 3;
    const double reachable =
        log_likelihoods(cpu, {&truth, 1}, {SeriesBatch::Kind::observations, {bars}, {}})[0];
    EXPECT_GT(fit(cpu, bars, truth.features, settings).log_likelihood, reachable - 5) << "seed " << seed;
  }
}

}  // namespace
}  // namespace regent::hmm
