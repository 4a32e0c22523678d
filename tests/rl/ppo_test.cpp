#include "rl/ppo.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "rl/observation_rows.hpp"
#include "tests/rl/small_training.hpp"

namespace regent::rl {
namespace {

TEST(Ppo, GivesTheSameWeightsBitForBitForTheSameSeed) {
  SmallTraining first(1), again(1), other(2);
  for (int i = 0; i < 4; ++i) {
    const IterationReport a = first.ppo.iterate();
    const IterationReport b = again.ppo.iterate();
    other.ppo.iterate();
    EXPECT_EQ(a.reward_mean, b.reward_mean);
    EXPECT_EQ(a.kl, b.kl);
    EXPECT_GT(a.updates, 0);
  }
  EXPECT_TRUE(same_weights(first.policy, again.policy));
  EXPECT_FALSE(same_weights(first.policy, other.policy));
}

TEST(Ppo, ReadsNothingAfterItsBars) {
  SmallTraining plain(1);
  SmallTraining changed(1);
  auto& market = changed.market;
  const std::size_t symbols = market.data.environment.symbols;
  for (std::size_t cell = market.data.end_bar * symbols; cell < market.returns.size(); ++cell) {
    market.returns[cell] *= 7;
    market.scales[cell] *= 3;
  }
  for (std::size_t i = (market.data.end_bar + 1) * symbols * 2; i < market.features.size(); ++i) {
    market.features[i] = 1e3F;
  }
  for (std::size_t i = (market.data.end_bar + 1) * 3; i < market.macro.size(); ++i) market.macro[i] = 0.5F;
  for (int i = 0; i < 3; ++i) {
    plain.ppo.iterate();
    changed.ppo.iterate();
  }
  EXPECT_TRUE(same_weights(plain.policy, changed.policy));
  market.features[market.data.first_bar * symbols * 2 + symbols * 50] += 1;  // and one that it does read
  SmallTraining touched(1);
  touched.market.features[touched.market.data.first_bar * symbols * 2 + symbols * 50] += 1;
  for (int i = 0; i < 3; ++i) touched.ppo.iterate();
  EXPECT_FALSE(same_weights(plain.policy, touched.policy));
}

TEST(Ppo, LearnsNothingFromAMarketThatCannotBeTraded) {
  SmallTraining training(1);
  for (float& value : training.market.returns) value = std::numeric_limits<float>::quiet_NaN();
  const std::vector<torch::Tensor> before = copies(training.policy);
  const IterationReport report = training.ppo.iterate();
  EXPECT_EQ(report.frozen, 16U * 32U);
  EXPECT_EQ(report.updates, 0);
  EXPECT_EQ(report.reward_mean, 0);
  EXPECT_TRUE(same_weights(training.policy, before));
}

TEST(Ppo, ReportsFiniteFiguresAndFinishedEpisodes) {
  SmallTraining training(1);
  int finished = 0;
  for (int i = 0; i < 4; ++i) {
    const IterationReport report = training.ppo.iterate();
    EXPECT_EQ(report.iteration, i);
    for (const double figure :
         {report.reward_mean, report.policy_loss, report.value_loss, report.entropy, report.kl,
          report.clip_fraction, report.explained_variance, report.gradient_norm}) {
      EXPECT_TRUE(std::isfinite(figure));
    }
    finished += std::isfinite(report.episode_return) ? 1 : 0;
  }
  EXPECT_GT(finished, 0);
  EXPECT_EQ(training.ppo.iteration(), 4);
}

TEST(Ppo, StopsAnIterationWhenThePolicyHasMovedTooFar) {
  PpoSettings settings = SmallTraining::small_settings(1);
  settings.learning_rate = 0.05;
  settings.target_kl = 0.01;
  SmallTraining training(settings);
  const IterationReport report = training.ppo.iterate();
  EXPECT_GT(report.updates, 0);
  EXPECT_LT(report.updates, settings.epochs * 2);
  EXPECT_GT(report.kl, settings.target_kl);
}

TEST(Ppo, KeepsItsLastFiniteWeightsWhenALossIsNot) {
  SmallTraining training(1);
  {
    const torch::NoGradGuard no_grad;
    training.policy->named_parameters()["value_heads.weight"].fill_(3e38F);
  }
  const std::vector<torch::Tensor> before = copies(training.policy);
  EXPECT_THROW(training.ppo.iterate(), Error);
  EXPECT_TRUE(same_weights(training.policy, before));
  EXPECT_EQ(training.ppo.iteration(), 0);
}

TEST(Ppo, RefusesToActOnAPolicyThatIsNotFinite) {
  SmallTraining training(1);
  {
    const torch::NoGradGuard no_grad;
    training.policy->named_parameters()["mean_heads.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  EXPECT_THROW(training.ppo.iterate(), Error);
}

TEST(ObservationRows, StandInTheOrderOfTheLayout) {
  const std::vector<float> features{1, 2, 3, 4, 5, 6, 7, 8};  // 2 bars, 2 symbols, 2 features
  const std::vector<float> macro{10, 11, 12, 13}, micro{20, 21, 22, 23, 24, 25};
  PpoData data;
  data.environment.bars = 2;
  data.environment.symbols = 2;
  data.layout = {2, 2, 3};
  data.features = features;
  data.macro_posterior = macro;
  data.micro_posterior = micro;
  std::vector<float> rows(2 * 8);
  fill_observations(data, std::vector<std::int32_t>{1, 0}, std::vector<std::int32_t>{0, 1},
                    std::vector<float>{0.5F, -0.25F}, rows);
  EXPECT_EQ(rows, (std::vector<float>{5, 6, 0.5F, 12, 13, 23, 24, 25, 3, 4, -0.25F, 10, 11, 20, 21, 22}));
}

}  // namespace
}  // namespace regent::rl
