// Lanes over oneTBB. Each task gathers its lanes' market data first, so that the arithmetic runs over
// contiguous arrays and the compiler may use the machine's vectors.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>

#include "cuda/trading/environment_body.hpp"
#include "cuda/trading/environment_check.hpp"

namespace regent::cuda::detail {
namespace {

constexpr std::size_t chunk_lanes = 256;

void step_chunk(const StepArguments& a, std::size_t first, std::size_t count) {
  // written before they are read, up to `count`
  std::array<float, chunk_lanes> returns, scales;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::array<LaneOutcome, chunk_lanes> outcomes;   // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t lane = first + i;
    const std::size_t cell = static_cast<std::size_t>(a.state.bar[lane]) * a.data.symbols +
                             static_cast<std::size_t>(a.state.symbol[lane]);
    returns[i] = a.data.execution_return[cell];
    scales[i] = a.data.volatility_scale[cell];
  }
  for (std::size_t i = 0; i < count; ++i) {
    outcomes[i] = environment_step_body(a.state.position[first + i], a.io.action[first + i], returns[i],
                                        scales[i], a.rules.cost_rate, a.rules.risk_aversion);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t lane = first + i;
    const LaneOutcome& outcome = outcomes[i];
    a.io.reward[lane] = outcome.reward;
    a.io.net_return[lane] = outcome.net_return;
    if (!a.io.frozen.empty()) a.io.frozen[lane] = outcome.frozen ? 1 : 0;
    LaneState state = lane_state(a.state, lane);
    a.io.done[lane] = advance_lane_body(state, outcome, a.rules, static_cast<std::uint32_t>(lane));
    set_lane_state(a.state, lane, state);
  }
}

}  // namespace

void step_cpu(const StepArguments& arguments) {
  const std::size_t lanes = arguments.state.bar.size();
  const std::size_t chunks = (lanes + chunk_lanes - 1) / chunk_lanes;
  tbb::parallel_for(std::size_t{0}, chunks, [&](std::size_t chunk) {
    const std::size_t first = chunk * chunk_lanes;
    step_chunk(arguments, first, std::min(chunk_lanes, lanes - first));
  });
}

}  // namespace regent::cuda::detail
