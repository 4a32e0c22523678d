#include "hmm/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

double macro_accuracy(const Model& model, const Simulated& truth) {
  const std::vector<double> posteriors = filter_series(model, truth.bars);
  int right = 0;
  for (std::size_t t = 0; t < truth.states.size(); ++t) {
    std::vector<double> macro(model.macros, 0);
    for (int k = 0; k < model.states(); ++k) macro[k / model.micros] += posteriors[t * model.states() + k];
    const auto likeliest = std::max_element(macro.begin(), macro.end()) - macro.begin();
    right += likeliest == truth.states[t] / model.micros ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(truth.states.size());
}

void expect_same_model(const Model& a, const Model& b) {
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.macro_start, b.macro_start);
  EXPECT_EQ(a.macro_transition, b.macro_transition);
  EXPECT_EQ(a.micro_start, b.micro_start);
  EXPECT_EQ(a.micro_transition, b.micro_transition);
  EXPECT_EQ(a.micro_exit, b.micro_exit);
  EXPECT_EQ(a.means, b.means);
  EXPECT_EQ(a.covariances, b.covariances);
}

TEST(Fit, RecoversASimulatedHierarchy) {
  const Model truth = market_hierarchy(4);
  for (std::uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Simulated data = simulate(truth, 4000, seed);
    const FitResult result = fit(cpu(), data.bars, truth.features, FitSettings{});
    EXPECT_TRUE(result.converged);
    EXPECT_EQ(result.failed_restarts, 0);
    EXPECT_THAT(result.model.labels, testing::ElementsAre("calm", "trend", "chaos"));
    EXPECT_GE(macro_accuracy(result.model, data), 0.95 * macro_accuracy(truth, data));
    double true_likelihood = 0, own = 0;
    filter_series(truth, data.bars, &true_likelihood);
    filter_series(result.model, data.bars, &own);
    EXPECT_GT(own, true_likelihood);  // the likeliest parameters beat the true ones on their own data
    EXPECT_NEAR(own, result.log_likelihood, 1e-6 * std::abs(own));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(result.model.macro_transition[i * 3 + i], 0);
  }
}

TEST(Fit, GivesTheSameBitsAgainWhateverTheNumberOfThreads) {
  const Model truth = market_hierarchy(3);
  const Simulated data = simulate(truth, 1500, 11);
  FitSettings settings;
  settings.restarts = 9;  // more than one register of lanes
  settings.iterations_max = 30;
  const FitResult first = fit(cpu(), data.bars, truth.features, settings);
  const FitResult second = fit(cpu(), data.bars, truth.features, settings);
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const FitResult third = fit(cpu(), data.bars, truth.features, settings);
  const FitResult narrow =
      fit(cuda::Resources::make_cpu(cuda::InstructionSet::baseline), data.bars, truth.features, settings);
  for (const FitResult* other : {&second, &third, &narrow}) {
    expect_same_model(first.model, other->model);
    EXPECT_EQ(first.log_likelihood, other->log_likelihood);
    EXPECT_EQ(first.restart_log_likelihoods, other->restart_log_likelihoods);
  }
  settings.seed = 2;
  EXPECT_NE(fit(cpu(), data.bars, truth.features, settings).restart_log_likelihoods,
            first.restart_log_likelihoods);
}

TEST(Fit, RaisesThePenalisedLikelihoodWithEveryIteration) {
  const Model truth = market_hierarchy(3);
  for (const bool gaps : {false, true}) {
    Simulated data = simulate(truth, 800, 13);
    for (std::size_t i = 0; gaps && i < data.bars.size(); ++i) {
      if (i % 11 == 5 || (i > 900 && i < 1000)) data.bars[i] = std::nan("");
    }
    FitSettings settings;
    settings.restarts = 1;
    settings.tolerance = 0;
    double before = -INFINITY;
    for (int iterations = 1; iterations <= 40; ++iterations) {
      settings.iterations_max = iterations;
      const FitResult result = fit(cpu(), data.bars, truth.features, settings);
      EXPECT_EQ(result.failed_restarts, 0);
      EXPECT_GE(result.penalised_log_likelihood, before - 1e-3) << "iteration " << iterations;
      before = result.penalised_log_likelihood;
    }
  }
}

TEST(Fit, IsTheSameInOtherUnits) {
  const Model truth = market_hierarchy(3);
  const Simulated data = simulate(truth, 1500, 17);
  std::vector<double> scaled = data.bars;
  const double scale[] = {1e-4, 1, 1e6}, level[] = {0, 5, 1e8};
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = level[i % 3] + scale[i % 3] * scaled[i];
  const FitResult a = fit(cpu(), data.bars, truth.features, FitSettings{});
  const FitResult b = fit(cpu(), scaled, truth.features, FitSettings{});
  EXPECT_EQ(a.iterations, b.iterations);
  const double jacobian = 1500 * (std::log(1e-4) + std::log(1e6));
  EXPECT_NEAR(b.log_likelihood, a.log_likelihood - jacobian, 1e-3);
  for (int k = 0; k < 9; ++k) {
    for (int d = 0; d < 3; ++d) {
      EXPECT_NEAR((b.model.means[k * 3 + d] - level[d]) / scale[d], a.model.means[k * 3 + d], 1e-3);
    }
  }
}

TEST(Fit, WorksAtALevelOfAHundredMillionWithUnitVariance) {
  const Model truth = market_hierarchy(2);
  Simulated data = simulate(truth, 2000, 19);
  for (double& value : data.bars) value += 1e8;
  const FitResult result = fit(cpu(), data.bars, truth.features, FitSettings{});
  EXPECT_EQ(result.failed_restarts, 0);
  Model lifted = truth;
  for (double& value : lifted.means) value += 1e8;
  EXPECT_GE(macro_accuracy(result.model, data), 0.9 * macro_accuracy(lifted, data));
}

TEST(Fit, SurvivesADuplicatedFeature) {
  const Simulated data = simulate(market_hierarchy(2), 1000, 23);
  std::vector<double> twice;
  for (std::size_t t = 0; t < 1000; ++t) {
    twice.insert(twice.end(), {data.bars[t * 2], data.bars[t * 2 + 1], data.bars[t * 2]});
  }
  FitSettings floor_alone;
  floor_alone.inverse_wishart_strength = 0;
  const FitResult result = fit(cpu(), twice, {"market_return", "volatility", "return_again"}, floor_alone);
  const FitResult usual = fit(cpu(), twice, {"market_return", "volatility", "return_again"}, FitSettings{});
  EXPECT_EQ(usual.failed_restarts, 0) << "the penalised likelihood fell";
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  Eigen::Vector3d scale;
  for (int d = 0; d < 3; ++d) {
    double mean = 0, variance = 0;
    for (int t = 0; t < 1000; ++t) mean += twice[t * 3 + d] / 1000;
    for (int t = 0; t < 1000; ++t) variance += std::pow(twice[t * 3 + d] - mean, 2) / 1000;
    scale(d) = std::sqrt(variance);
  }
  for (int k = 0; k < 9; ++k) {
    EXPECT_NEAR(result.model.means[3 * k], result.model.means[3 * k + 2], 1e-6 * scale(0));
    const Eigen::Map<const Eigen::Matrix3d> covariance(&result.model.covariances[9 * k]);
    const Eigen::Matrix3d standard = scale.asDiagonal().inverse() * covariance * scale.asDiagonal().inverse();
    EXPECT_GE(Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(standard).eigenvalues()(0), 0.999e-3)
        << "below the floor";
  }
}

TEST(Fit, SurvivesAnOutlierOfFortyDeviationsAndDoesNotCollapseOntoIt) {
  const Model truth = market_hierarchy(3);
  Simulated data = simulate(truth, 1500, 29);
  for (int d = 0; d < 3; ++d) data.bars[700 * 3 + d] = 200;
  const FitResult result = fit(cpu(), data.bars, truth.features, FitSettings{});
  EXPECT_EQ(result.failed_restarts, 0);
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  double variance[3] = {}, mean[3] = {};
  for (std::size_t i = 0; i < data.bars.size(); ++i) mean[i % 3] += data.bars[i] / 1500;
  for (std::size_t i = 0; i < data.bars.size(); ++i)
    variance[i % 3] += std::pow(data.bars[i] - mean[i % 3], 2) / 1500;
  for (int k = 0; k < 9; ++k) {
    for (int d = 0; d < 3; ++d) {
      EXPECT_GE(result.model.covariances[(k * 3 + d) * 3 + d], 0.999e-3 * variance[d]) << "below the floor";
    }
  }
}

TEST(Fit, KeepsAStateThatLosesAllItsWeight) {
  // two tight clouds and nine states
  std::vector<double> bars;
  for (int t = 0; t < 400; ++t) bars.push_back((t / 50 % 2 == 0 ? -1 : 1) + 1e-6 * (t % 5));
  FitSettings settings;
  settings.dirichlet = 1;
  settings.sticky = 0;
  settings.inverse_wishart_strength = 0;
  const FitResult result = fit(cpu(), bars, {"market_return"}, settings);
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  validate(result.model, "test");
  // a state a hundred deviations off has no bar at the first E-step: it stays where it is
  settings.macros = 1;
  settings.restarts = 0;
  Model start{.features = {"market_return"}, .macros = 1, .micros = 3};
  start.labels = {"low", "high", "far"};
  start.macro_start = start.macro_transition = {1};
  start.micro_start.assign(3, 1.0 / 3);
  start.micro_transition = {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4};
  start.micro_exit.assign(3, 0);
  start.means = {-0.9, 1.1, 100};
  start.covariances = {0.5, 0.5, 0.5};
  settings.start = start;
  settings.free.start = false;  // states keep their numbers
  const FitResult lost = fit(cpu(), bars, {"market_return"}, settings);
  const Model& model = lost.model;
  const SeriesBatch batch{SeriesBatch::Kind::observations, {bars}, {"bars"}};
  const auto smoothed = smoothed_posteriors(cpu(), std::span(&model, 1), batch).probability[0];
  double weight[3] = {};
  for (std::size_t i = 0; i < smoothed.size(); ++i) weight[i % 3] += smoothed[i];
  EXPECT_NEAR(weight[0], 200, 1e-6);
  EXPECT_NEAR(weight[1], 200, 1e-6);
  EXPECT_EQ(weight[2], 0);
  EXPECT_NEAR(model.means[2], 100, 1e-9);
  EXPECT_NEAR(model.covariances[2], 0.5, 1e-9);
  EXPECT_NEAR(model.micro_transition[8], 0.4, 1e-12);
  EXPECT_NEAR(model.means[0], -1 + 2e-6, 1e-6);
}

TEST(Fit, TakesMissingFeaturesAndWholeMissingBars) {
  const Model truth = market_hierarchy(4);
  Simulated data = simulate(truth, 3000, 31);
  std::vector<double> gaps = data.bars;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    if (i % 13 == 4 || (i > 2000 && i < 2400)) gaps[i] = std::nan("");
  }
  const FitResult result = fit(cpu(), gaps, truth.features, FitSettings{});
  EXPECT_EQ(result.failed_restarts, 0);
  EXPECT_GE(macro_accuracy(result.model, data), 0.95 * macro_accuracy(truth, data));
  double own = 0;
  filter_series(result.model, gaps, &own);
  EXPECT_NEAR(own, result.log_likelihood, 1e-6 * std::abs(own));
}

TEST(Fit, FitsAFlatModelAndASingleState) {
  const Simulated data = simulate(market_hierarchy(2), 1000, 37);
  FitSettings settings;
  settings.macros = 1;
  settings.micros = 3;
  const FitResult flat = fit(cpu(), data.bars, {"market_return", "x"}, settings);
  EXPECT_THAT(flat.model.labels, testing::ElementsAre("regime_0"));
  for (double exit : flat.model.micro_exit) EXPECT_EQ(exit, 0);
  settings.micros = 1;
  settings.inverse_wishart_strength = 0;
  const FitResult one = fit(cpu(), data.bars, {"market_return", "x"}, settings);
  double mean = 0, variance = 0;  // one Gaussian: the sample's own moments
  for (std::size_t t = 0; t < 1000; ++t) mean += data.bars[t * 2] / 1000;
  for (std::size_t t = 0; t < 1000; ++t) variance += std::pow(data.bars[t * 2] - mean, 2) / 1000;
  EXPECT_NEAR(one.model.means[0], mean, 1e-5);
  EXPECT_NEAR(one.model.covariances[0], variance, 1e-4 * variance);
}

TEST(Fit, KeepsLabelsInPlaceOnARefit) {
  const Model truth = market_hierarchy(3);
  const FitResult first = fit(cpu(), simulate(truth, 3000, 41).bars, truth.features, FitSettings{});
  FitSettings other;
  other.seed = 99;
  const Simulated later = simulate(truth, 3000, 42);
  const FitResult again = fit(cpu(), later.bars, truth.features, other, &first.model);
  EXPECT_EQ(again.model.labels.front(), "calm");
  EXPECT_EQ(again.model.labels.back(), "chaos");
  EXPECT_GE(macro_accuracy(again.model, later), 0.95 * macro_accuracy(truth, later));
  // every micro state too: its mean is nearer to where it was than that of any other state
  const auto away = [&](int a, int b) {
    double sum = 0;
    for (int d = 0; d < 3; ++d)
      sum += std::pow(again.model.means[a * 3 + d] - first.model.means[b * 3 + d], 2);
    return sum;
  };
  for (int k = 0; k < 9; ++k) {
    for (int other_state = 0; other_state < 9; ++other_state) {
      if (other_state == k) continue;
      EXPECT_LT(away(k, k), away(k, other_state)) << "states " << k << ", " << other_state;
    }
  }
}

TEST(Fit, NamesTheFeatureAndTheBarThatItCannotUse) {
  std::vector<double> bars = simulate(market_hierarchy(2), 200, 43).bars;
  const std::vector<std::string> features{"market_return", "spread"};
  std::vector<double> constant = bars;
  for (std::size_t t = 0; t < 200; ++t) constant[t * 2 + 1] = 0.1;
  EXPECT_THAT(message_of([&] { fit(cpu(), constant, features, FitSettings{}); }),
              testing::AllOf(testing::HasSubstr("spread"), testing::HasSubstr("constant")));
  std::vector<double> infinite = bars;
  infinite[77 * 2] = -INFINITY;
  EXPECT_THAT(message_of([&] { fit(cpu(), infinite, features, FitSettings{}); }),
              testing::AllOf(testing::HasSubstr("market_return"), testing::HasSubstr("bar 77")));
  std::vector<double> absent = bars;
  for (std::size_t t = 0; t < 200; ++t) absent[t * 2 + 1] = std::nan("");
  EXPECT_THAT(message_of([&] { fit(cpu(), absent, features, FitSettings{}); }), testing::HasSubstr("spread"));
  const std::vector<double> few(bars.begin(), bars.begin() + 20);
  EXPECT_THAT(message_of([&] { fit(cpu(), few, features, FitSettings{}); }), testing::HasSubstr("10 bars"));
  const std::vector<double> odd(bars.begin(), bars.begin() + 399);
  EXPECT_THAT(message_of([&] { fit(cpu(), odd, features, FitSettings{}); }),
              testing::HasSubstr("whole bars"));
  FitSettings many;
  many.macros = 7;
  many.micros = 7;
  EXPECT_THAT(message_of([&] { fit(cpu(), bars, features, many); }), testing::HasSubstr("32"));
}

}  // namespace
}  // namespace regent::hmm
