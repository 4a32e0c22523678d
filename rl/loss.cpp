#include "rl/loss.hpp"

#include <numbers>

namespace regent::rl {
namespace {

constexpr double half_log_two_pi = 0.91893853320467274178;

torch::Tensor entropy_of(const models::PolicyOutput& output, const torch::Tensor& noise) {
  const torch::Tensor u = output.mean + output.log_std.exp() * noise;
  return (output.log_std + log_tanh_slope(u)).mean() + (0.5 + half_log_two_pi);
}

}  // namespace

torch::Tensor log_tanh_slope(const torch::Tensor& u) {
  return 2 * (std::numbers::ln2 - u - torch::softplus(-2 * u));
}

torch::Tensor squashed_log_probability(const torch::Tensor& u, const torch::Tensor& mean,
                                       const torch::Tensor& log_std) {
  const torch::Tensor z = (u - mean) * torch::exp(-log_std);
  return -0.5 * z.square() - log_std - half_log_two_pi - log_tanh_slope(u);
}

LossTerms ppo_loss(const models::PolicyOutput& output, const LossBatch& batch, const LossWeights& weights) {
  const torch::Tensor log_ratio =
      squashed_log_probability(batch.pre_squash, output.mean, output.log_std) - batch.log_probability;
  const torch::Tensor ratio = log_ratio.exp();
  const torch::Tensor clipped = ratio.clamp(1 - weights.clip_range, 1 + weights.clip_range);
  LossTerms terms;
  terms.policy = -torch::min(ratio * batch.advantage, clipped * batch.advantage).mean();
  terms.value = 0.5 * (output.value - batch.target).square().mean();
  terms.entropy = entropy_of(output, batch.noise);
  terms.total = terms.policy + weights.value_weight * terms.value - weights.entropy_weight * terms.entropy;
  const torch::NoGradGuard no_grad;
  terms.kl = (ratio - 1 - log_ratio).mean();
  terms.clip_fraction = ((ratio - 1).abs() > weights.clip_range).to(torch::kFloat32).mean();
  return terms;
}

}  // namespace regent::rl
