#pragma once
// One lane's step of the market environment and its reset; both launchers run exactly this.
//
// With the position p before the trade (fraction of equity), the target a, the return r, the cost rate c, the
// risk aversion λ and the volatility σ of the bar:
//   cost = c·|a − p|;  growth = max((1 − cost)·(1 + a·r), ruin_growth);  net = growth − 1
//   reward = (log growth − ½·λ·(a·r)²) / σ;  position after = a·(1 + r) / (1 + a·r)
//
// Domain: a in [−1, 1] and finite, p finite, c in [0, 0.1], λ ≥ 0: the launchers check a, the settings' check
// the rest. Missing market: when r is not finite or ≤ −1, or σ is not finite or ≤ 0, the bar cannot be traded
// and the lane is frozen for it: no order fills, the position stays as it is, net and reward are exactly 0,
// `frozen` says so. Neither is ever NaN. Ruin: a short position loses more than its equity when the price
// more than doubles. Growth is then held at ruin_growth, the position becomes 0 and the episode ends as a
// terminal state.

#include <cstddef>
#include <cstdint>

#include "base/host_device.hpp"
#include "base/philox.hpp"
#include "cuda/trading/environment.hpp"
#include "cuda/trading/log1p_body.hpp"

namespace regent::cuda {

inline constexpr double ruin_growth = 0.05;
// A price that moves less than this per bar stands still; dividing by it would make rewards without meaning.
inline constexpr float volatility_min = 1e-7F;

struct LaneOutcome {
  float position;
  double log_growth;
  float reward;
  float net_return;
  bool frozen;
  bool ruined;
};

// False for NaN and for the infinities; isfinite() is not usable in constant and device code alike.
REGENT_HD inline bool is_finite(float value) {
  return value - value == 0.0F;
}

REGENT_HD inline bool is_tradable(float execution_return, float volatility_scale) {
  return is_finite(execution_return) && execution_return > -1.0F && is_finite(volatility_scale) &&
         volatility_scale > volatility_min;
}

REGENT_HD inline LaneOutcome environment_step_body(float position, float action, float execution_return,
                                                   float volatility_scale, double cost_rate,
                                                   double risk_aversion) {
  if (!is_tradable(execution_return, volatility_scale)) return {position, 0.0, 0.0F, 0.0F, true, false};
  const double target = action;
  const double r = execution_return;
  const double trade = target - static_cast<double>(position);
  const double cost = cost_rate * (trade < 0.0 ? -trade : trade);
  const double earned = target * r;
  // growth − 1 without the cancellation of (1 − cost)·(1 + earned) − 1
  double net = earned - cost - cost * earned;
  // the second test keeps two negative factors, a cost above 1 and a loss above 1, from making a gain
  const bool ruined = !(net > ruin_growth - 1.0) || !(earned > ruin_growth - 1.0);
  if (ruined) net = ruin_growth - 1.0;
  const double log_growth = log1p_body(net);
  const double reward =
      (log_growth - 0.5 * risk_aversion * earned * earned) / static_cast<double>(volatility_scale);
  const double drifted = ruined ? 0.0 : target * (1.0 + r) / (1.0 + earned);
  return {static_cast<float>(drifted), log_growth, static_cast<float>(reward),
          static_cast<float>(net),     false,      ruined};
}

// `bar` and `bars_left` after the step.
REGENT_HD inline EpisodeEnd episode_end_body(bool ruined, std::int32_t bar, std::int32_t bars_left,
                                             std::int32_t end_bar) {
  if (ruined) return episode_ruined;
  return bars_left <= 0 || bar >= end_bar ? episode_time_limit : episode_runs;
}

struct LaneStart {
  std::int32_t bar;
  std::int32_t symbol;
};

// Where lane `lane` starts again: uniform over [first_bar, end_bar) × symbols. `episode` is 0 for the first
// reset and step_index + 1 afterwards. The multiply-shift is uneven by less than 2^-32 per value.
REGENT_HD inline LaneStart environment_reset_body(std::uint64_t seed, std::uint32_t lane,
                                                  std::uint32_t episode, std::uint32_t first_bar,
                                                  std::uint32_t bars, std::uint32_t symbols) {
  const Philox4 bits = Random{seed}.bits(lane, episode, 0, Purpose::environment_reset);
  const auto bar = static_cast<std::uint32_t>(static_cast<std::uint64_t>(bits.x) * bars >> 32);
  const auto symbol = static_cast<std::uint32_t>(static_cast<std::uint64_t>(bits.y) * symbols >> 32);
  return {static_cast<std::int32_t>(first_bar + bar), static_cast<std::int32_t>(symbol)};
}

// What a lane carries from step to step, and what is the same for all of them.
struct LaneState {
  std::int32_t bar, symbol, bars_left;
  float position;
  double log_equity;
};

struct LaneRules {
  double cost_rate, risk_aversion;
  std::int32_t episode_bars;
  std::uint32_t first_bar, bars, symbols;  // where a reset may start
  std::uint64_t seed;
  std::uint32_t step_index;
};

// Moves the lane to its next bar, or to a new start when its episode has ended.
REGENT_HD inline EpisodeEnd advance_lane_body(LaneState& lane, const LaneOutcome& outcome,
                                              const LaneRules& rules, std::uint32_t index) {
  lane.bar += 1;
  lane.bars_left -= 1;
  const auto end_bar = static_cast<std::int32_t>(rules.first_bar + rules.bars);
  const EpisodeEnd end = episode_end_body(outcome.ruined, lane.bar, lane.bars_left, end_bar);
  if (end == episode_runs) {
    lane.position = outcome.position;
    lane.log_equity += outcome.log_growth;
    return end;
  }
  const LaneStart start = environment_reset_body(rules.seed, index, rules.step_index + 1, rules.first_bar,
                                                 rules.bars, rules.symbols);
  lane = {start.bar, start.symbol, rules.episode_bars, 0.0F, 0.0};
  return end;
}

}  // namespace regent::cuda
