#pragma once
// The policy: one trunk, one head per macro regime, mixed by the regime posterior.

#include <torch/torch.h>

#include <cstdint>

namespace regent::models {

struct PolicyShape {
  std::int64_t inputs = 0;   // models/observation.hpp says what they are
  std::int64_t regimes = 3;  // heads
  std::int64_t hidden = 64;
  std::int64_t layers = 2;
};

struct PolicyOutput {
  torch::Tensor mean;     // [batch], before squashing; the deterministic action is tanh(mean)
  torch::Tensor log_std;  // [batch]
  torch::Tensor value;    // [batch]
};

class PolicyNetworkImpl : public torch::nn::Module {
 public:
  // Weights from Philox by `seed` (orthogonal trunk, small heads), so that the same seed gives the same
  // network.
  PolicyNetworkImpl(const PolicyShape& shape, std::uint64_t seed);
  // observation [batch, inputs] normalised; macro_posterior [batch, regimes] weighs the heads.
  PolicyOutput forward(const torch::Tensor& observation, const torch::Tensor& macro_posterior);
  const PolicyShape& shape() const { return shape_; }

 private:
  PolicyShape shape_;
  torch::nn::Sequential trunk_{nullptr};
  torch::nn::Linear mean_heads_{nullptr}, value_heads_{nullptr};
  torch::Tensor log_std_;  // [regimes]
};
TORCH_MODULE(PolicyNetwork);

}  // namespace regent::models
