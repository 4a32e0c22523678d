#include "rl/advantages.hpp"

#include "base/error.hpp"
#include "cuda/trading/environment.hpp"

namespace regent::rl {
namespace {

double next_value(const AdvantageInputs& in, std::size_t index) {
  switch (in.done[index]) {
    case cuda::episode_runs:
      return in.values[index + in.lanes];
    case cuda::episode_time_limit:
      return in.cut_off_values[index];
    default:
      return 0;
  }
}

void advantages_of_lane(const AdvantageInputs& in, std::size_t lane, std::span<float> advantages,
                        std::span<float> targets) {
  double advantage = 0;
  for (std::size_t t = in.horizon; t-- > 0;) {
    const std::size_t index = t * in.lanes + lane;
    if (in.done[index] != cuda::episode_runs) advantage = 0;
    const double value = in.values[index];
    const double surprise = in.rewards[index] + in.discount * next_value(in, index) - value;
    advantage = surprise + in.discount * in.lambda * advantage;
    advantages[index] = static_cast<float>(advantage);
    targets[index] = static_cast<float>(advantage + value);
  }
}

}  // namespace

void generalised_advantages(const AdvantageInputs& in, std::span<float> advantages,
                            std::span<float> targets) {
  const std::size_t steps = in.horizon * in.lanes;
  REGENT_INVARIANT(in.rewards.size() == steps && in.done.size() == steps &&
                       in.cut_off_values.size() == steps && in.values.size() == steps + in.lanes &&
                       advantages.size() == steps && targets.size() == steps,
                   "advantages need [horizon, lanes] arrays and [horizon + 1, lanes] values");
  for (std::size_t lane = 0; lane < in.lanes; ++lane) advantages_of_lane(in, lane, advantages, targets);
}

}  // namespace regent::rl
