#include "hmm/labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "hmm/moments.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

// Which state of the original every state of a shuffled model was, by its emission.
std::vector<int> origins(const Model& model, const Model& original) {
  std::vector<int> result;
  const int d = model.dimension();
  for (int k = 0; k < model.states(); ++k) {
    for (int from = 0; from < model.states(); ++from) {
      if (std::equal(&model.means[k * d], &model.means[k * d] + d, &original.means[from * d]))
        result.push_back(from);
    }
  }
  return result;
}

TEST(Labels, StatesOfOneTiedCovarianceAreOrderedByDrift) {
  Model model = market_hierarchy(1);
  for (double& value : model.covariances) value = 0.25;
  for (int k = 0; k < 9; ++k) model.means[k] = (k / 3) * 10.0 - (k % 3);  // falling within every macro regime
  std::vector<double> weights(9, 100);
  const Model ordered = order_by_volatility(model, weights);
  for (int k = 0; k < 9; ++k) {
    if (k % 3 == 0) continue;
    EXPECT_GT(ordered.means[k], ordered.means[k - 1]) << "state " << k;
  }
}

TEST(Labels, ReorderingChangesNeitherTheFlatLawNorAnyBarsLikelihood) {
  const Model model = market_hierarchy(2);
  const Model shuffled = reordered(model, {2, 0, 1}, {{1, 2, 0}, {0, 2, 1}, {2, 1, 0}});
  validate(shuffled, "test");
  const std::vector<int> from = origins(shuffled, model);
  ASSERT_EQ(from.size(), 9U);
  EXPECT_EQ(from[0], 7);  // macro 2, micro 1
  const std::vector<double> a = model.flat_transition(), b = shuffled.flat_transition();
  const std::vector<double> c = model.flat_start(), d = shuffled.flat_start();
  for (int k = 0; k < 9; ++k) {
    EXPECT_DOUBLE_EQ(d[k], c[from[k]]);
    for (int to = 0; to < 9; ++to) EXPECT_DOUBLE_EQ(b[k * 9 + to], a[from[k] * 9 + from[to]]);
  }
}

TEST(Labels, OrderByVolatilityOfTheReturnWhateverTheNumbering) {
  const Model model = market_hierarchy(3);
  std::vector<double> weights(9, 500);
  const Model ordered =
      order_by_volatility(reordered(model, {2, 0, 1}, {{1, 2, 0}, {0, 2, 1}, {2, 1, 0}}), weights);
  EXPECT_THAT(ordered.labels, testing::ElementsAre("calm", "trend", "chaos"));
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) EXPECT_EQ(origins(ordered, model)[i * 3 + j] / 3, i);
  }
}

TEST(Labels, TakeTheFirstFeatureThatIsAReturn) {
  Model model = market_hierarchy(2);
  EXPECT_EQ(return_feature(model), 0);
  model.features = {"volatility", "market_return"};
  EXPECT_EQ(return_feature(model), 1);
  model.features = {"a", "b"};
  EXPECT_EQ(return_feature(model), 0);
}

TEST(Labels, CallTheMiddleATrendOnlyWhenItsDriftIsTwoStandardErrorsFromZero) {
  Model model = market_hierarchy(1);
  for (int i = 0; i < 3; ++i) {  // equal states within each regime: mixture mean and variance are theirs
    for (int j = 0; j < 3; ++j) {
      model.means[i * 3 + j] = i == 1 ? 0.1 : 0;
      model.covariances[i * 3 + j] = i == 0 ? 0.5 : i == 1 ? 1 : 4;
    }
  }
  std::vector<double> few(9, 100), many(9, 150);  // 300 bars: 0.1 is 1.73 errors; 450 bars: 2.12
  EXPECT_EQ(order_by_volatility(model, few).labels[1], "mid");
  EXPECT_EQ(order_by_volatility(model, many).labels[1], "trend");
}

TEST(Labels, AreNumberedForOtherCounts) {
  Model model = market_hierarchy(1);
  model.macros = 1;
  model.micros = 9;
  model.macro_start = model.macro_transition = {1};
  model.micro_transition.assign(81, 1.0 / 9);
  model.micro_start.assign(9, 1.0 / 9);
  model.micro_exit.assign(9, 0);
  std::vector<double> weights(9, 1);
  EXPECT_THAT(order_by_volatility(model, weights).labels, testing::ElementsAre("regime_0"));
}

TEST(Labels, FollowThePreviousFitThroughAnyShuffle) {
  const Model previous = market_hierarchy(3);
  std::mt19937_64 engine(5);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 20; ++round) {
    Model moved = previous;
    for (double& value : moved.means) value += 0.05 * normal(engine);
    std::vector<int> macro{0, 1, 2}, micro{0, 1, 2};
    std::shuffle(macro.begin(), macro.end(), engine);
    std::shuffle(micro.begin(), micro.end(), engine);
    std::vector<double> weights(9, 500);
    const Model matched =
        match_to_previous(reordered(moved, macro, {micro, micro, micro}), previous, weights);
    EXPECT_EQ(matched.means, moved.means);
    EXPECT_EQ(matched.macro_transition, moved.macro_transition);
    EXPECT_EQ(matched.labels, previous.labels);
  }
}

TEST(Labels, TakeTheWholeVarianceOfHeavyTailsAndMixtures) {
  Model model = market_hierarchy(1);
  model.emission = EmissionKind::student_t;
  model.dof.assign(9, 5);
  std::fill(model.means.begin(), model.means.end(), 0.0);
  std::fill(model.covariances.begin(), model.covariances.end(), 1.0);
  model.dof[0] = model.dof[1] = model.dof[2] = 2.5;  // scale 1, variance 5
  std::vector<double> weights(9, 500);
  const Model heavy_last = order_by_volatility(model, weights);
  EXPECT_EQ(heavy_last.dof[6], 2.5);
  EXPECT_EQ(heavy_last.dof[0], 5);
  EXPECT_DOUBLE_EQ(emission_moments(model, 0).covariance(0, 0), 5);
  // ±2 with unit variances: 1 + 4, more than one Gaussian of variance 3
  Model mixture = market_hierarchy(1);
  mixture.emission = EmissionKind::mixture;
  mixture.components = 2;
  mixture.means.clear();
  mixture.covariances.clear();
  for (int k = 0; k < 9; ++k) {
    const double spread = k < 3 ? 2 : 0, variance = k < 3 ? 1 : k < 6 ? 2 : 3;
    mixture.means.insert(mixture.means.end(), {-spread, spread});
    mixture.covariances.insert(mixture.covariances.end(), {variance, variance});
    mixture.mixture_weights.insert(mixture.mixture_weights.end(), {0.5, 0.5});
  }
  EXPECT_DOUBLE_EQ(emission_moments(mixture, 0).covariance(0, 0), 5);
  const Model ordered = order_by_volatility(mixture, weights);
  EXPECT_EQ(ordered.means[12], -2);
  EXPECT_EQ(ordered.covariances[0], 2);
}

TEST(Labels, RefuseAPreviousFitOfAnotherShape) {
  const Model model = market_hierarchy(3);
  std::vector<double> weights(9, 1);
  EXPECT_THROW(match_to_previous(model, market_hierarchy(2), weights), InputError);
}

}  // namespace
}  // namespace regent::hmm
