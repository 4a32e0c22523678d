#pragma once
// One bar of all symbols through the policy: what live decisions and the trainer's validation share.

#include <memory>
#include <span>
#include <vector>

#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::models {

class PolicyRunner {
 public:
  // REQUIRES a policy on the CPU whose inputs are the layout's; the caller keeps it unchanged while it runs.
  PolicyRunner(PolicyNetwork policy, const ObservationLayout& layout, std::size_t symbols);

  // features [symbols, F] normalised, positions [symbols] (the previous convictions), posteriors [M] and [K]
  // → convictions [symbols] = tanh(mean). Bitwise repeatable. Throws Error when a conviction is not finite.
  void decide(std::span<const float> features, std::span<const double> positions,
              std::span<const double> macro_posterior, std::span<const double> micro_posterior,
              std::span<double> convictions);
  // gradient × input of every conviction [symbols, inputs] at the last observation, and that observation.
  std::vector<double> contributions();
  std::span<const float> observation() const { return rows_; }  // [symbols, inputs]

 private:
  torch::Tensor rows_tensor();  // borrows rows_
  torch::Tensor mean_of(const torch::Tensor& rows);
  PolicyNetwork policy_;
  ObservationLayout layout_;
  std::size_t symbols_;
  std::vector<float> rows_, macro_, micro_;
};

}  // namespace regent::models
