#pragma once
// Learns from a roll-out: minibatches, the loss, clipped gradients, Adam (Kingma & Ba, 2015).

#include <vector>

#include "models/policy_network.hpp"
#include "rl/ppo.hpp"
#include "rl/rollout_buffer.hpp"

namespace regent::rl {

class Updater {
 public:
  Updater(const PpoSettings& settings, const models::ObservationLayout& layout, models::PolicyNetwork policy);
  // REQUIRES the buffer's advantages and targets. Fills the report's learning figures. Throws Error when a
  // loss, a gradient or a weight is not finite; the weights are then the last finite ones.
  void update(RolloutBuffer& buffer, int iteration, IterationReport& report);
  torch::optim::Adam& optimiser() { return optimiser_; }

 private:
  struct Columns;  // a roll-out's arrays as tensors on the policy's device
  struct Sums;
  // One minibatch; false when the policy has moved past target_kl, without an update.
  bool learn(const Columns& columns, const torch::Tensor& picked, Sums& sums);
  void learn_epochs(const Columns& columns, std::vector<std::int64_t>& steps, int iteration, Sums& sums);
  void set_learning_rate(int iteration);

  const PpoSettings& settings_;
  models::ObservationLayout layout_;
  models::PolicyNetwork policy_;
  torch::optim::Adam optimiser_;
};

}  // namespace regent::rl
