#pragma once
// The clipped surrogate (Schulman et al., 2017, equation 9):
//   ratio = p_new(a) / p_old(a);   policy = −mean(min(ratio·A, clip(ratio, 1 − ε, 1 + ε)·A))
//   value = ½·mean((V − target)²);   total = policy + value_weight·value − entropy_weight·entropy
// The entropy of a squashed normal has no closed form; it is the normal's, plus log(1 − tanh²u) at u = mean +
// std·noise with the noise that was drawn, which gives mean and std their gradients.

#include "models/policy_network.hpp"

namespace regent::rl {

struct LossWeights {
  double clip_range, value_weight, entropy_weight;
};

// All [batch], of the steps that the policy's output belongs to.
struct LossBatch {
  torch::Tensor pre_squash, noise, log_probability, advantage, target;
};

struct LossTerms {
  torch::Tensor total;  // scalar with gradient
  torch::Tensor policy, value, entropy, kl,
      clip_fraction;  // scalars; kl = mean(ratio − 1 − log ratio) (Schulman, 2020)
};

// log(1 − tanh²u) in the stable form of squashed_normal.hpp.
torch::Tensor log_tanh_slope(const torch::Tensor& u);
torch::Tensor squashed_log_probability(const torch::Tensor& u, const torch::Tensor& mean,
                                       const torch::Tensor& log_std);

LossTerms ppo_loss(const models::PolicyOutput& output, const LossBatch& batch, const LossWeights& weights);

}  // namespace regent::rl
