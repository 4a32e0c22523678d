#include "models/policy_runner.hpp"

#include <cmath>

#include "base/error.hpp"

namespace regent::models {

PolicyRunner::PolicyRunner(PolicyNetwork policy, const ObservationLayout& layout, std::size_t symbols,
                           std::size_t streams)
    : policy_(std::move(policy)),
      layout_(layout),
      symbols_(symbols),
      streams_(streams),
      rows_(streams * symbols * layout.inputs()),
      macro_(layout.macros),
      micro_(layout.states) {
  REGENT_INVARIANT(policy_->shape().inputs == static_cast<std::int64_t>(layout.inputs()) &&
                       policy_->shape().regimes == static_cast<std::int64_t>(layout.macros),
                   "a policy's shape must fit what it observes");
}

torch::Tensor PolicyRunner::rows_tensor() {
  return torch::from_blob(
      rows_.data(),
      {static_cast<std::int64_t>(streams_ * symbols_), static_cast<std::int64_t>(layout_.inputs())},
      torch::kFloat32);
}

torch::Tensor PolicyRunner::mean_of(const torch::Tensor& rows) {
  const auto first = static_cast<std::int64_t>(layout_.features + 1);
  return policy_->forward(rows, rows.slice(1, first, first + static_cast<std::int64_t>(layout_.macros))).mean;
}

void PolicyRunner::observe(std::size_t stream, std::span<const float> features,
                           std::span<const double> positions, std::span<const double> macro_posterior,
                           std::span<const double> micro_posterior) {
  REGENT_INVARIANT(stream < streams_ && features.size() == symbols_ * layout_.features &&
                       positions.size() == symbols_ && macro_posterior.size() == layout_.macros &&
                       micro_posterior.size() == layout_.states,
                   "a policy's inputs must have the layout's sizes");
  std::copy(macro_posterior.begin(), macro_posterior.end(), macro_.begin());
  std::copy(micro_posterior.begin(), micro_posterior.end(), micro_.begin());
  for (std::size_t symbol = 0; symbol < symbols_; ++symbol) {
    const std::size_t row = stream * symbols_ + symbol;
    fill_observation(layout_, features.subspan(symbol * layout_.features, layout_.features),
                     static_cast<float>(positions[symbol]), macro_, micro_,
                     std::span(rows_).subspan(row * layout_.inputs(), layout_.inputs()));
  }
}

void PolicyRunner::decide(std::span<double> convictions) {
  REGENT_INVARIANT(convictions.size() == streams_ * symbols_, "one conviction per stream and symbol");
  const c10::InferenceMode inference;
  const torch::Tensor mean = mean_of(rows_tensor()).contiguous();
  const float* const values = mean.data_ptr<float>();
  for (std::size_t i = 0; i < convictions.size(); ++i) {
    const float conviction = std::tanh(values[i]);
    if (!std::isfinite(conviction)) {
      throw Error("the policy's conviction of symbol " + std::to_string(i % symbols_) + " is not finite");
    }
    convictions[i] = conviction;
  }
}

void PolicyRunner::decide(std::span<const float> features, std::span<const double> positions,
                          std::span<const double> macro_posterior, std::span<const double> micro_posterior,
                          std::span<double> convictions) {
  observe(0, features, positions, macro_posterior, micro_posterior);
  decide(convictions);
}

std::vector<double> PolicyRunner::contributions() {
  const torch::Tensor rows = rows_tensor().clone().requires_grad_(true);
  const torch::Tensor conviction = torch::tanh(mean_of(rows)).sum();  // rows do not touch each other
  const torch::Tensor gradient = torch::autograd::grad({conviction}, {rows})[0];
  const torch::Tensor product = (gradient * rows).detach().contiguous();
  const float* const values = product.data_ptr<float>();
  return {values, values + product.numel()};
}

}  // namespace regent::models
