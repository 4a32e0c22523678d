#pragma once
// Plays the policy on the lanes of the environment and fills a RolloutBuffer.

#include <cstdint>
#include <vector>

#include "models/policy_network.hpp"
#include "rl/ppo.hpp"
#include "rl/rollout_buffer.hpp"

namespace regent::rl {

// What goes on from one roll-out to the next.
struct CollectorState {
  cuda::EnvironmentState lanes;
  std::vector<float> convictions;  // [lanes], the action that filled last; 0 at the start of an episode
  std::uint32_t step = 0;          // environment steps so far, of every lane
};

class Collector {
 public:
  Collector(const cuda::Resources& resources, const PpoSettings& settings, const PpoData& data);
  // Throws Error when the policy's output is not finite.
  void collect(models::PolicyNetwork& policy, RolloutBuffer& buffer);
  CollectorState& state() { return state_; }
  const CollectorState& state() const { return state_; }

 private:
  void act(const models::PolicyOutput& output, RolloutBuffer& buffer, std::size_t t);
  void advance(RolloutBuffer& buffer, std::size_t t);
  void note_ends(RolloutBuffer& buffer, std::size_t t);

  const cuda::Resources& resources_;
  const PpoSettings& settings_;
  const PpoData& data_;
  CollectorState state_;
  std::vector<float> actions_, net_returns_;  // [lanes]
  std::vector<std::int32_t> bars_before_, symbols_before_;
  std::vector<double> log_equity_before_;
};

}  // namespace regent::rl
