// That training learns what is there and nothing else, on markets whose law we know. Bars 0 to 1199 are
// learnt from, bars 1200 to 1997 judge; both by the same environment with its default costs.

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "market/feature_stream.hpp"
#include "models/device.hpp"
#include "models/observation.hpp"
#include "rl/evaluation.hpp"
#include "tests/rl/oracle.hpp"
#include "tests/rl/synthetic_training.hpp"

namespace regent::rl {
namespace {

constexpr std::size_t first_bar = 260, split = 1200, bars = 2000;

market::SyntheticMarket market_settings(bool regimes) {
  market::SyntheticMarket settings;
  settings.bars = bars;
  settings.symbols = 8;
  settings.seed = 1;
  settings.regimes = regimes;
  settings.signal_strength = 0.3;
  return settings;
}

PpoSettings training_settings() {
  PpoSettings settings;  // the defaults of `regent train`, for fewer iterations
  settings.iterations = 16;
  settings.seed = 1;
  return settings;
}

// Features of the panel as the trainer makes them: normalised over the training bars, 0 where missing.
std::vector<float> stream_features(const market::Panel& panel, const std::vector<std::string>& names) {
  const market::FeatureTable table = market::compute_features(panel, names);
  const std::size_t symbols = panel.symbol_count();
  const std::size_t width = names.size() * symbols;
  const models::Normaliser normaliser = models::Normaliser::fit(
      std::span(table.values).subspan(first_bar * width, (split - first_bar) * width), names, symbols);
  std::vector<float> features(panel.bars() * width);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    normaliser.apply_bar(table.bar(bar), symbols, std::span(features).subspan(bar * width, width));
  }
  return features;
}

struct Outcome {
  Evaluation policy, oracle;
  double share() const { return policy.log_return / oracle.log_return; }
};

Outcome train_and_judge(const market::SyntheticMarket& law, const market::SyntheticResult& market,
                        std::vector<float> features, std::size_t count) {
  models::choose_torch_device("cpu", 0);
  const cuda::Resources resources = cuda::Resources::make("cpu");
  const SyntheticTraining training(market, std::move(features), count, first_bar, split - 2);
  const PpoSettings settings = training_settings();
  models::PolicyNetwork policy(
      models::PolicyShape{static_cast<std::int64_t>(training.data.layout.inputs()), 3, 64, 2}, settings.seed);
  Ppo ppo(resources, settings, training.data, policy);
  for (int i = 0; i < settings.iterations; ++i) ppo.iterate();
  const PpoData held_out = training.range(split, bars - 2);
  const Oracle oracle(law, market, settings.environment.cost_rate);
  Outcome outcome{evaluate(resources, settings.environment, held_out, policy),
                  evaluate_positions(resources, settings.environment, held_out.environment, split, bars - 2,
                                     oracle.positions(market, split, bars - 2))};
  std::cout << "policy " << outcome.policy.log_return << " ± " << outcome.policy.log_return_error
            << ", oracle " << outcome.oracle.log_return << ", turnover " << outcome.policy.turnover << " of "
            << outcome.oracle.turnover << " (log return after costs, " << bars - 2 - split << " bars)\n";
  return outcome;
}

TEST(Learning, EarnsFourFifthsOfTheOracleFromTheSignalAndTheRegimes) {
  const market::SyntheticMarket law = market_settings(true);
  const market::SyntheticResult market = market::make_synthetic_market(law);
  const std::vector<float> signal(market.signal.begin(), market.signal.end());
  const Outcome outcome = train_and_judge(law, market, signal, 1);
  EXPECT_GE(outcome.share(), 0.8);
  EXPECT_LE(outcome.share(), 1.15) << "nobody beats the oracle by much: does something look ahead?";
}

const std::vector<std::string> names{"volume_z_score_63", "volume_z_score_252", "log_return", "rsi_14"};

TEST(Learning, EarnsFourFifthsOfTheOracleFromFeaturesOfTheVolume) {
  const market::SyntheticMarket law = market_settings(false);
  const market::SyntheticResult market = market::make_synthetic_market(law);
  const Outcome outcome = train_and_judge(law, market, stream_features(market.panel, names), names.size());
  EXPECT_GE(outcome.share(), 0.8);
  EXPECT_LE(outcome.share(), 1.15) << "nobody beats the oracle by much: does something look ahead?";
}

TEST(Learning, EarnsNothingBeyondNoiseWhenTheVolumeIsShuffled) {
  const market::SyntheticMarket law = market_settings(false);
  market::SyntheticResult market = market::make_synthetic_market(law);
  market.panel = market::with_shuffled_volume(market.panel, 3);
  const Outcome outcome = train_and_judge(law, market, stream_features(market.panel, names), names.size());
  EXPECT_GT(outcome.oracle.log_return, 0.5) << "the oracle still sees the signal";
  EXPECT_LT(outcome.policy.log_return, 3 * outcome.policy.log_return_error);
}

}  // namespace
}  // namespace regent::rl
