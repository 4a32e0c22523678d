#pragma once
// One bar of all symbols through the policy: what live decisions, dreams and the trainer's validation share.

#include <memory>
#include <span>
#include <vector>

#include "models/observation.hpp"
#include "models/policy_network.hpp"

namespace regent::models {

class PolicyRunner {
 public:
  // Of `streams` streams of bars side by side. REQUIRES a policy on the CPU whose inputs are the layout's;
  // the caller keeps it unchanged while it runs.
  PolicyRunner(PolicyNetwork policy, const ObservationLayout& layout, std::size_t symbols,
               std::size_t streams = 1);

  // What `stream` observes: features [symbols, F] normalised, positions [symbols] (the previous convictions),
  // posteriors [M] and [K].
  void observe(std::size_t stream, std::span<const float> features, std::span<const double> positions,
               std::span<const double> macro_posterior, std::span<const double> micro_posterior);
  // convictions [streams, symbols] = tanh(mean) of what was observed. Bitwise repeatable; another number of
  // streams may round differently, since a matrix product of another size may sum in another order. Throws
  // Error when a conviction is not finite.
  void decide(std::span<double> convictions);
  // The two in one, of a single stream.
  void decide(std::span<const float> features, std::span<const double> positions,
              std::span<const double> macro_posterior, std::span<const double> micro_posterior,
              std::span<double> convictions);
  // gradient × input of every conviction [streams, symbols, inputs] at the last observation, and that
  // observation.
  std::vector<double> contributions();
  std::span<const float> observation() const { return rows_; }  // [streams, symbols, inputs]

 private:
  torch::Tensor rows_tensor();  // borrows rows_
  torch::Tensor mean_of(const torch::Tensor& rows);
  PolicyNetwork policy_;
  ObservationLayout layout_;
  std::size_t symbols_, streams_;
  std::vector<float> rows_, macro_, micro_;
};

}  // namespace regent::models
