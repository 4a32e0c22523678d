#pragma once
// A training run of a fraction of a second, for tests of everything but learning.

#include <cmath>
#include <string>
#include <vector>

#include "base/philox.hpp"
#include "tests/rl/synthetic_training.hpp"

namespace regent::rl {

inline std::vector<torch::Tensor> copies(models::PolicyNetwork& policy) {
  std::vector<torch::Tensor> result;
  for (const torch::Tensor& weight : policy->parameters()) result.push_back(weight.detach().clone());
  return result;
}

inline bool same_weights(models::PolicyNetwork& policy, const std::vector<torch::Tensor>& others) {
  const std::vector<torch::Tensor> ours = policy->parameters();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!torch::equal(ours[i], others[i])) return false;
  }
  return ours.size() == others.size();
}

inline bool same_weights(models::PolicyNetwork& policy, models::PolicyNetwork& other) {
  return same_weights(policy, copies(other));
}

// 300 bars of 3 symbols with a signal; two features: the signal and noise. Training reads bars 40 to 200.
inline market::SyntheticResult small_market() {
  market::SyntheticMarket market;
  market.symbols = 3;
  market.bars = 300;
  market.signal_strength = 0.3;
  return market::make_synthetic_market(market);
}

inline std::vector<float> signal_and_noise(const market::SyntheticResult& market) {
  std::vector<float> features;
  for (std::size_t i = 0; i < market.signal.size(); ++i) {
    const Philox4 bits = Random{77}.bits(static_cast<std::uint32_t>(i), 0, 0, Purpose::none);
    features.push_back(static_cast<float>(market.signal[i]));
    features.push_back(static_cast<float>(uniform_from_bits(bits.x, bits.y) - 0.5));
  }
  return features;
}

struct SmallTraining {
  static PpoSettings small_settings(std::uint64_t seed) {
    PpoSettings settings;
    settings.lanes = 32;
    settings.horizon = 16;
    settings.iterations = 6;
    settings.minibatch = 256;
    settings.seed = seed;
    settings.environment.episode_bars = 20;
    return settings;
  }

  explicit SmallTraining(std::uint64_t seed) : SmallTraining(small_settings(seed)) {}
  explicit SmallTraining(const PpoSettings& wanted)
      : settings(wanted),
        synthetic(small_market()),
        market(synthetic, signal_and_noise(synthetic), 2, 40, 200),
        policy(models::PolicyShape{static_cast<std::int64_t>(market.data.layout.inputs()), 3, 16, 2},
               wanted.seed),
        ppo(resources, settings, market.data, policy) {}

  cuda::Resources resources = cuda::Resources::make("cpu");
  PpoSettings settings;
  market::SyntheticResult synthetic;
  SyntheticTraining market;
  models::PolicyNetwork policy;
  Ppo ppo;
};

}  // namespace regent::rl
