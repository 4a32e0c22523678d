#include "rl/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"

namespace regent::rl {
namespace {

TEST(Settings, OfAnEmptyConfigurationAreTheDefaultsOfTheRoom) {
  const PpoSettings ours;
  const PpoSettings read = ppo_settings_from(Config::from_toml("", "empty"));
  EXPECT_EQ(read.lanes, ours.lanes);
  EXPECT_EQ(read.horizon, ours.horizon);
  EXPECT_EQ(read.iterations, ours.iterations);
  EXPECT_EQ(read.epochs, ours.epochs);
  EXPECT_EQ(read.minibatch, ours.minibatch);
  EXPECT_EQ(read.learning_rate, ours.learning_rate);
  EXPECT_EQ(read.discount, ours.discount);
  EXPECT_EQ(read.gae_lambda, ours.gae_lambda);
  EXPECT_EQ(read.clip_range, ours.clip_range);
  EXPECT_EQ(read.entropy_weight, ours.entropy_weight);
  EXPECT_EQ(read.value_weight, ours.value_weight);
  EXPECT_EQ(read.gradient_norm_max, ours.gradient_norm_max);
  EXPECT_EQ(read.target_kl, ours.target_kl);
  EXPECT_EQ(read.environment.cost_rate, ours.environment.cost_rate);
  EXPECT_EQ(read.environment.risk_aversion, ours.environment.risk_aversion);
  EXPECT_EQ(read.environment.episode_bars, ours.environment.episode_bars);
}

TEST(Settings, FollowTheConfiguration) {
  const PpoSettings read =
      ppo_settings_from(Config::from_toml("[ppo]\nlanes = 7\ndiscount = 0.5\n[environment]\ncost_rate = "
                                          "0.002\nepisode_bars = 33\n[runtime]\nseed = 42\n",
                                          "test.toml"));
  EXPECT_EQ(read.lanes, 7);
  EXPECT_EQ(read.discount, 0.5);
  EXPECT_EQ(read.environment.cost_rate, 0.002);
  EXPECT_EQ(read.environment.episode_bars, 33);
  EXPECT_EQ(read.seed, 42U);
}

TEST(Settings, NameTheKeyThatIsOutOfRange) {
  PpoSettings settings;
  settings.discount = std::nan("");
  try {
    validate(settings);
    FAIL() << "NaN was accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("ppo.discount is nan"));
  }
  settings = {};
  settings.environment.episode_bars = 0;
  EXPECT_THROW(validate(settings), InputError);
}

}  // namespace
}  // namespace regent::rl
