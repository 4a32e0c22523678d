#pragma once
// What a roll-out leaves behind, host memory allocated once. All arrays [horizon, lanes] with lane fastest,
// unless said.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace regent::rl {

struct RolloutBuffer {
  RolloutBuffer(std::size_t horizon_steps, std::size_t lane_count, std::size_t input_count)
      : horizon(horizon_steps),
        lanes(lane_count),
        inputs(input_count),
        observations((horizon + 1) * lanes * inputs),
        values((horizon + 1) * lanes),
        pre_squash(horizon * lanes),
        noise(horizon * lanes),
        log_probabilities(horizon * lanes),
        rewards(horizon * lanes),
        cut_off_values(horizon * lanes),
        advantages(horizon * lanes),
        targets(horizon * lanes),
        done(horizon * lanes),
        frozen(horizon * lanes) {}

  std::size_t horizon, lanes, inputs;
  std::vector<float>
      observations;           // [horizon + 1, lanes, inputs]; the last row is where the next roll-out begins
  std::vector<float> values;  // [horizon + 1, lanes]
  std::vector<float> pre_squash;         // u; the action is tanh(u)
  std::vector<float> noise;              // (u − mean) / std, as drawn
  std::vector<float> log_probabilities;  // of the action, by the policy that acted
  std::vector<float> rewards;
  std::vector<float> cut_off_values;  // value of the state that a time limit cut off, where one did
  std::vector<float> advantages, targets;
  std::vector<std::uint8_t> done, frozen;

  // States that a time limit cut off: their observations [count, inputs] and the step that led there.
  std::vector<float> cut_off_observations;
  std::vector<std::size_t> cut_off_steps;

  // finished episodes of this roll-out
  double episode_log_return_sum = 0;
  std::size_t episodes = 0;

  std::span<float> observation_rows(std::size_t step) {
    return std::span(observations).subspan(step * lanes * inputs, lanes * inputs);
  }
  template <typename T>
  std::span<T> at(std::vector<T>& values_of, std::size_t step) const {
    return std::span(values_of).subspan(step * lanes, lanes);
  }
};

}  // namespace regent::rl
