#include "hmm/forecast.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/sample.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

TEST(Forecast, IsThePosteriorTimesPowersOfTheFlatTransition) {
  Model model = market_hierarchy(2);
  model.macro_transition = {0.2, 0.5, 0.3, 0.3, 0.3, 0.4, 0.5, 0.4, 0.1};  // with self-transitions
  const std::vector<double> flat = model.flat_transition();
  const Matrix transition = Eigen::Map<const Matrix>(flat.data(), 9, 9);
  const std::vector<double> posterior{0.1, 0.2, 0.05, 0.05, 0.3, 0, 0.1, 0.15, 0.05};
  Eigen::RowVectorXd law = Eigen::Map<const Eigen::RowVectorXd>(posterior.data(), 9);
  const Forecast ahead = forecast(model, posterior, 30);
  for (int step = 0; step < 30; ++step) {
    law = law * transition;
    for (int k = 0; k < 9; ++k) EXPECT_NEAR(ahead.probability[step * 9 + k], law(k), 1e-14);
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(ahead.macro_probability[step * 3 + i], law.segment(i * 3, 3).sum(), 1e-14);
  }
}

TEST(Forecast, EndsAtTheStationaryLaw) {
  const Model model = market_hierarchy(2);
  const std::vector<double> flat = model.flat_transition();
  Matrix balance = Eigen::Map<const Matrix>(flat.data(), 9, 9).transpose() - Matrix::Identity(9, 9);
  balance.row(8).setOnes();  // π·P = π with Σπ = 1
  Eigen::VectorXd right = Eigen::VectorXd::Zero(9);
  right(8) = 1;
  const Eigen::VectorXd stationary = balance.fullPivLu().solve(right);
  const Forecast ahead = forecast(model, model.flat_start(), 3000);
  const std::vector<double> found = stationary_law(model);
  for (int k = 0; k < 9; ++k) {
    EXPECT_NEAR(ahead.probability[2999 * 9 + k], stationary(k), 1e-10);
    EXPECT_NEAR(found[k], stationary(k), 1e-10);
  }
}

// Two states of one feature: mean p·a + q·b, variance p·v + q·w + p·q·(a − b)².
TEST(Forecast, HasTheMomentsOfTheMixture) {
  Model model;
  model.features = {"x"};
  model.labels = {"regime_0"};
  model.macros = 1;
  model.micros = 2;
  model.macro_start = model.macro_transition = {1};
  model.micro_start = {0.5, 0.5};
  model.micro_transition = {0.9, 0.1, 0.3, 0.7};
  model.micro_exit = {0, 0};
  model.means = {1, 5};
  model.covariances = {2, 7};
  const Forecast ahead = forecast(model, std::vector<double>{1, 0}, 2);
  EXPECT_NEAR(ahead.mean[0], 0.9 * 1 + 0.1 * 5, 1e-14);
  EXPECT_NEAR(ahead.covariance[0], 0.9 * 2 + 0.1 * 7 + 0.09 * 16, 1e-14);
  const double p = 0.9 * 0.9 + 0.1 * 0.3, q = 1 - p;
  EXPECT_NEAR(ahead.mean[1], p * 1 + q * 5, 1e-14);
  EXPECT_NEAR(ahead.covariance[1], p * 2 + q * 7 + p * q * 16, 1e-14);
}

// The whole law, covariances too, against paths drawn from the same posterior.
TEST(Forecast, AgreesWithPathsDrawnFromThePosterior) {
  const Model model = market_hierarchy(2);
  Filter filter(model);
  const Simulated data = simulate(model, 50, 3);
  for (int t = 0; t < 50; ++t) filter.update({&data.bars[t * 2], 2});
  const std::vector<double> posterior(filter.posterior().begin(), filter.posterior().end());
  const int paths = 40000, steps = 6;
  const Forecast ahead = forecast(model, posterior, steps);
  const std::vector<SamplePath> drawn = sample(model, steps + 1, paths, 17, posterior);
  for (int step = 0; step < steps; ++step) {
    Eigen::Vector2d mean = Eigen::Vector2d::Zero();
    Eigen::Matrix2d square = Eigen::Matrix2d::Zero();
    for (const SamplePath& path : drawn) {
      const Eigen::Vector2d x(path.observations[(step + 1) * 2], path.observations[(step + 1) * 2 + 1]);
      mean += x / paths;
      square += x * x.transpose() / paths;
    }
    const Eigen::Matrix2d covariance = square - mean * mean.transpose();
    for (int d = 0; d < 2; ++d) {
      EXPECT_NEAR(ahead.mean[step * 2 + d], mean(d), 5 * std::sqrt(covariance(d, d) / paths));
      for (int e = 0; e < 2; ++e) {
        EXPECT_NEAR(ahead.covariance[(step * 2 + d) * 2 + e], covariance(d, e),
                    0.05 * std::sqrt(covariance(d, d) * covariance(e, e)));
      }
    }
  }
}

TEST(Forecast, RefusesWhatIsNoPosterior) {
  const Model model = market_hierarchy(2);
  EXPECT_THROW(forecast(model, std::vector<double>(9, 0.2), 1), InputError);
  EXPECT_THROW(forecast(model, std::vector<double>{1}, 1), InputError);
  EXPECT_THROW(forecast(model, model.flat_start(), 0), InputError);
}

TEST(Forecast, OfAStructureAloneIsTheLawOfTheState) {
  Model model = market_hierarchy(2);
  const Forecast whole = forecast(model, model.flat_start(), 3);
  model.features.clear();
  model.means.clear();
  model.covariances.clear();
  const Forecast alone = forecast(model, model.flat_start(), 3);
  EXPECT_EQ(alone.probability, whole.probability);
  EXPECT_EQ(alone.macro_probability, whole.macro_probability);
  EXPECT_TRUE(alone.mean.empty());
  std::vector<double> nan = model.flat_start();
  nan[2] = std::nan("");
  EXPECT_THROW(forecast(model, nan, 1), InputError);
}

}  // namespace
}  // namespace regent::hmm
