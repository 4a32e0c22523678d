#include "rl/updater.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "rl/loss.hpp"
#include "rl/minibatches.hpp"
#include "rl/policy_batch.hpp"

namespace regent::rl {
namespace {

// Adam's own division by zero guard; larger than its default, as in the original PPO implementation.
constexpr double adam_epsilon = 1e-5;

torch::Tensor column(std::vector<float>& values, const torch::Device& device) {
  return torch::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, torch::kFloat32)
      .to(device);
}

std::vector<torch::Tensor> copies_of(const std::vector<torch::Tensor>& weights) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> copies;
  for (const torch::Tensor& weight : weights) copies.push_back(weight.clone());
  return copies;
}

bool all_finite(const std::vector<torch::Tensor>& weights) {
  return std::all_of(weights.begin(), weights.end(),
                     [](const torch::Tensor& weight) { return torch::isfinite(weight).all().item<bool>(); });
}

// Mean 0 and standard deviation 1 over the steps that are learnt from, in double.
void normalise_advantages(std::vector<float>& advantages, std::span<const std::int64_t> steps) {
  double sum = 0;
  for (const std::int64_t step : steps) sum += advantages[static_cast<std::size_t>(step)];
  const double mean = sum / static_cast<double>(steps.size());
  double squares = 0;
  for (const std::int64_t step : steps) {
    const double distance = advantages[static_cast<std::size_t>(step)] - mean;
    squares += distance * distance;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(steps.size())) + 1e-8;
  for (float& advantage : advantages) advantage = static_cast<float>((advantage - mean) / deviation);
}

double explained_variance(const RolloutBuffer& buffer, std::span<const std::int64_t> steps) {
  double sum = 0, squares = 0, error_sum = 0, error_squares = 0;
  for (const std::int64_t step : steps) {
    const double target = buffer.targets[static_cast<std::size_t>(step)];
    const double error = target - buffer.values[static_cast<std::size_t>(step)];
    sum += target;
    squares += target * target;
    error_sum += error;
    error_squares += error * error;
  }
  const auto count = static_cast<double>(steps.size());
  const double variance = squares / count - (sum / count) * (sum / count);
  const double error_variance = error_squares / count - (error_sum / count) * (error_sum / count);
  return variance > 0 ? 1 - error_variance / variance : std::nan("");
}

}  // namespace

struct Updater::Columns {
  torch::Tensor observations, pre_squash, noise, log_probabilities, advantages, targets;
};

struct Updater::Sums {
  double policy = 0, value = 0, entropy = 0, kl = 0, clip_fraction = 0, gradient_norm = 0, action_std = 0;
  int updates = 0;
  double kl_last = 0;  // also of the minibatch that stopped the updates
};

Updater::Updater(const PpoSettings& settings, const models::ObservationLayout& layout,
                 models::PolicyNetwork policy)
    : settings_(settings),
      layout_(layout),
      policy_(std::move(policy)),
      optimiser_(policy_->parameters(), torch::optim::AdamOptions(settings.learning_rate).eps(adam_epsilon)) {
}

void Updater::update(RolloutBuffer& buffer, int iteration, IterationReport& report) {
  std::vector<std::int64_t> steps = learnable_steps(buffer.frozen);
  report.frozen = buffer.frozen.size() - steps.size();
  if (steps.empty()) return;  // nothing could be traded, nothing can be learnt
  report.explained_variance = explained_variance(buffer, steps);
  normalise_advantages(buffer.advantages, steps);
  const torch::Device device = device_of(policy_);
  const auto count = static_cast<std::int64_t>(buffer.horizon * buffer.lanes);
  const Columns columns{torch::from_blob(buffer.observations.data(),
                                         {count, static_cast<std::int64_t>(buffer.inputs)}, torch::kFloat32)
                            .to(device),
                        column(buffer.pre_squash, device),
                        column(buffer.noise, device),
                        column(buffer.log_probabilities, device),
                        column(buffer.advantages, device),
                        column(buffer.targets, device)};
  set_learning_rate(iteration);
  Sums sums;
  learn_epochs(columns, steps, iteration, sums);
  const double updates = std::max(1, sums.updates);
  report.policy_loss = sums.policy / updates;
  report.value_loss = sums.value / updates;
  report.entropy = sums.entropy / updates;
  report.kl = sums.kl_last;
  report.clip_fraction = sums.clip_fraction / updates;
  report.gradient_norm = sums.gradient_norm / updates;
  report.action_std = sums.action_std / updates;
  report.updates = sums.updates;
}

void Updater::learn_epochs(const Columns& columns, std::vector<std::int64_t>& steps, int iteration,
                           Sums& sums) {
  const std::vector<std::int64_t> bounds =
      minibatch_bounds(static_cast<std::int64_t>(steps.size()), settings_.minibatch);
  for (int epoch = 0; epoch < settings_.epochs; ++epoch) {
    shuffle_steps(steps, settings_.seed, static_cast<std::uint32_t>(iteration * settings_.epochs + epoch));
    const torch::Tensor order =
        torch::from_blob(steps.data(), {static_cast<std::int64_t>(steps.size())}, torch::kInt64)
            .to(device_of(policy_));
    for (std::size_t batch = 0; batch + 1 < bounds.size(); ++batch) {
      const torch::Tensor picked = order.slice(0, bounds[batch], bounds[batch + 1]);
      if (!learn(columns, picked, sums)) return;
    }
  }
}

bool Updater::learn(const Columns& columns, const torch::Tensor& picked, Sums& sums) {
  const auto pick = [&](const torch::Tensor& values) { return values.index_select(0, picked); };
  const torch::Tensor observations = pick(columns.observations);
  const models::PolicyOutput output = policy_->forward(observations, macro_of(observations, layout_));
  const LossTerms terms =
      ppo_loss(output,
               {pick(columns.pre_squash), pick(columns.noise), pick(columns.log_probabilities),
                pick(columns.advantages), pick(columns.targets)},
               {settings_.clip_range, settings_.value_weight, settings_.entropy_weight});
  const auto total = terms.total.item<double>();
  if (!std::isfinite(total)) {
    throw Error(fmt::format("the loss of a minibatch is {}; lower ppo.learning_rate", total));
  }
  sums.kl_last = terms.kl.item<double>();
  if (sums.kl_last > settings_.target_kl) return false;
  optimiser_.zero_grad();
  terms.total.backward();
  const std::vector<torch::Tensor> weights = policy_->parameters();
  const double norm = torch::nn::utils::clip_grad_norm_(weights, settings_.gradient_norm_max);
  if (!std::isfinite(norm)) {
    throw Error(fmt::format("the gradient's norm is {}; lower ppo.learning_rate", norm));
  }
  const std::vector<torch::Tensor> before = copies_of(weights);
  optimiser_.step();
  if (!all_finite(weights)) {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i].copy_(before[i]);
    throw Error("a weight is not finite after an update; lower ppo.learning_rate");
  }
  sums.policy += terms.policy.item<double>();
  sums.value += terms.value.item<double>();
  sums.entropy += terms.entropy.item<double>();
  sums.clip_fraction += terms.clip_fraction.item<double>();
  sums.gradient_norm += norm;
  sums.action_std += output.log_std.detach().exp().mean().item<double>();
  ++sums.updates;
  return true;
}

void Updater::set_learning_rate(int iteration) {
  // the last iteration, and any beyond it, still learns a little
  const int left = std::max(1, settings_.iterations - iteration);
  const double rate = settings_.learning_rate * left / settings_.iterations;
  for (auto& group : optimiser_.param_groups())
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
}

}  // namespace regent::rl
