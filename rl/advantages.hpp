#pragma once
// Generalised advantage estimation (Schulman et al., 2016):
//   δ_t = r_t + γ·V'_t − V_t;   A_t = δ_t + γ·λ·[the episode goes on]·A_{t+1};   target_t = A_t + V_t
// V'_t is the value of the state that step t led to: V_{t+1} while the episode goes on, the value of the
// cut-off state where a time limit ended it, 0 where the lane was ruined.

#include <cstddef>
#include <cstdint>
#include <span>

namespace regent::rl {

struct AdvantageInputs {
  std::span<const float> rewards;         // [horizon, lanes]
  std::span<const float> values;          // [horizon + 1, lanes]
  std::span<const float> cut_off_values;  // [horizon, lanes], read where done is a time limit
  std::span<const std::uint8_t> done;     // [horizon, lanes], cuda::EpisodeEnd
  std::size_t horizon = 0, lanes = 0;
  double discount = 0, lambda = 0;
};

// Both outputs [horizon, lanes]. Sums in double, each lane alone: bitwise the same for any number of threads.
void generalised_advantages(const AdvantageInputs& inputs, std::span<float> advantages,
                            std::span<float> targets);

}  // namespace regent::rl
