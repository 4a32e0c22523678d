#pragma once
// The vectorised market environment: lanes = (symbol, start bar), all stepped at once.
// A decision at bar t (after its close) fills at the execution price of bar t+1 (its open; on closes-only
// panels its close) and is held to the execution price of bar t+2, where the next decision fills. With
// position p (fraction of the lane's equity, drifted to p' by prices before the trade), price return r and
// cost rate c:
//   cost   = c·|target − p'|;   net = (1 − cost)·(1 + target·r) − 1;   p'' = target·(1 + r) / (1 + target·r)
//   reward = (log(1 + net) − ½·risk_aversion·(target·r)²) / scale      scale: the lane's trailing volatility
//   per bar

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda {

struct EnvironmentSettings {
  double cost_rate = 0.00125;  // fee + slippage, fraction of the traded value
  double risk_aversion = 1.0;
  int episode_bars = 252;
};

// Throws InputError when cost_rate is outside [0, 0.1], risk_aversion is negative or not finite, or
// episode_bars < 1.
void validate(const EnvironmentSettings& settings);

// The market as lanes see it, all [bars, symbols] with symbol fastest. A bar whose return or volatility is
// missing cannot be traded: the lane is frozen for it (no fill, position kept, net return and reward exactly
// 0).
struct EnvironmentData {
  std::span<const float> execution_return;  // r of a decision at bar t: exec[t+2]/exec[t+1] − 1; NaN: frozen
  std::span<const float> volatility_scale;  // trailing volatility per bar; NaN or <= 1e-7: frozen
  std::size_t bars = 0, symbols = 0;
};

// State of every lane, structure of arrays [lanes].
struct EnvironmentState {
  std::vector<std::int32_t> bar, symbol, bars_left;
  std::vector<float> position;     // drifted position before the next decision
  std::vector<double> log_equity;  // since the episode began
};

struct EnvironmentStep {
  std::span<const float> action;  // [lanes] target position in [-1, 1]
  std::span<float> reward;        // [lanes]
  std::span<float> net_return;    // [lanes]
  std::span<std::uint8_t>
      done;  // [lanes] EpisodeEnd: not 0 when the episode ended here and the lane was reset
  std::span<std::uint8_t>
      frozen;  // [lanes] 1: the bar could not be traded, the action had no effect; may be empty
};

// A time limit (episode_bars, or the next bar is end_bar) is not a property of the market: learners bootstrap
// from the value of the bar after it. Ruin (environment_body.hpp) is terminal.
enum EpisodeEnd : std::uint8_t { episode_runs = 0, episode_time_limit = 1, episode_ruined = 2 };

// One step of every lane. Lanes that end are reset to a random (symbol, bar) in [first_bar, end_bar) by
// Philox with counter (lane, step_index + 1, 0, environment_reset), so the result does not depend on the
// number of threads or the device. REQUIRES actions in [-1, 1] and spans of the stated sizes (invariants).
// run_to_run: bitwise; cpu_to_gpu: bitwise for position and reward in the parity preset, else 1e-6.
void reset(const Resources& resources, const EnvironmentSettings& settings, const EnvironmentData& data,
           EnvironmentState& state, std::size_t lanes, std::size_t first_bar, std::size_t end_bar,
           std::uint64_t seed);
void step(const Resources& resources, const EnvironmentSettings& settings, const EnvironmentData& data,
          EnvironmentState& state, const EnvironmentStep& io, std::size_t first_bar, std::size_t end_bar,
          std::uint64_t seed, std::uint32_t step_index);

}  // namespace regent::cuda
