#pragma once
// Proximal policy optimisation (Schulman et al., 2017) with generalised advantages (Schulman et al., 2016) on
// the vectorised environment. Bit-for-bit repeatable on one device: all randomness is Philox by (lane, step,
// draw, purpose).

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "cuda/trading/environment.hpp"
#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::rl {

struct PpoSettings {
  std::int64_t lanes = 512;
  std::int64_t horizon = 64;
  int iterations = 30;
  int epochs = 4;
  std::int64_t minibatch = 8192;
  double learning_rate = 1e-3;
  double discount = 0.9;
  double gae_lambda = 0.95;
  double clip_range = 0.2;
  double entropy_weight = 0.003;
  double value_weight = 0.5;
  double gradient_norm_max = 0.5;
  double target_kl = 0.03;  // stops the epochs of an iteration early
  std::uint64_t seed = 1;
  cuda::EnvironmentSettings environment;
};

// Throws InputError naming the key, its value and what would be right.
void validate(const PpoSettings& settings);

// Everything per (bar, symbol) that an observation is made of, already normalised.
struct PpoData {
  cuda::EnvironmentData environment;
  models::ObservationLayout layout;
  std::span<const float> features;         // [bars, symbols, F], NaN never (0 where missing)
  std::span<const float> macro_posterior;  // [bars, M]
  std::span<const float> micro_posterior;  // [bars, K]
  // Decisions are made at bars in [first, end); end ≤ bars − 2. The row of bar `end` is read too, for the
  // value of the state that a time limit cuts off; nothing later is.
  std::size_t first_bar = 0, end_bar = 0;
};

struct IterationReport {
  int iteration = 0;
  double reward_mean = 0;  // per step
  double episode_return =
      0;  // mean log return of the finished episodes, net of costs; NaN when none finished
  double policy_loss = 0, value_loss = 0, entropy = 0, kl = 0, clip_fraction = 0, explained_variance = 0;
  double gradient_norm = 0;  // before clipping, mean over the updates
  double action_std = 0;     // mean standard deviation before squashing
  int updates = 0;           // fewer than epochs × minibatches when target_kl stopped them
  std::size_t frozen = 0;    // steps of bars that could not be traded; learnt from by nobody
};

class Ppo {
 public:
  // `data`'s spans and `resources` must outlive this object; `policy` is trained in place, on the device it
  // is on. Throws InputError on settings that are out of range; shapes that do not fit and values that are
  // not finite are broken invariants.
  Ppo(const cuda::Resources& resources, const PpoSettings& settings, const PpoData& data,
      models::PolicyNetwork policy);
  ~Ppo();
  // One roll-out and its updates. Throws Error when a loss, gradient or weight is not finite (the network
  // keeps its last finite weights).
  IterationReport iterate();
  // Optimiser moments, lanes and counters, for a resumable checkpoint; restore() then continues bit for bit.
  void save(const std::string& file) const;  // safetensors, atomically
  void restore(const std::string& file);
  int iteration() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::rl
