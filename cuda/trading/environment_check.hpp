#pragma once
// What both launchers demand of their arguments, and how they are called. Internal to cuda/trading.

#include <cstdint>

#include "cuda/trading/environment.hpp"
#include "cuda/trading/environment_body.hpp"

namespace regent::cuda::detail {

struct StepArguments {
  const EnvironmentData& data;
  EnvironmentState& state;
  const EnvironmentStep& io;
  LaneRules rules;
};

// Broken invariants: shapes, the bar range, actions that are not in [-1, 1].
LaneRules check_range(const EnvironmentSettings& settings, const EnvironmentData& data, std::size_t first_bar,
                      std::size_t end_bar, std::uint64_t seed, std::uint32_t step_index);
void check_step(const EnvironmentData& data, const EnvironmentState& state, const EnvironmentStep& io,
                std::size_t first_bar, std::size_t end_bar);

inline LaneState lane_state(const EnvironmentState& state, std::size_t lane) {
  return {state.bar[lane], state.symbol[lane], state.bars_left[lane], state.position[lane],
          state.log_equity[lane]};
}

inline void set_lane_state(EnvironmentState& state, std::size_t lane, const LaneState& value) {
  state.bar[lane] = value.bar;
  state.symbol[lane] = value.symbol;
  state.bars_left[lane] = value.bars_left;
  state.position[lane] = value.position;
  state.log_equity[lane] = value.log_equity;
}

void step_cpu(const StepArguments& arguments);
void step_gpu(const Resources& resources, const StepArguments& arguments);  // environment_gpu.cu, or a stub

}  // namespace regent::cuda::detail
