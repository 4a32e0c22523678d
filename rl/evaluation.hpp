#pragma once
// A policy without noise, walked once through a range of bars on the training environment: one lane per
// symbol, no resets. For tests: checkpoints are chosen by the account of trainer/validation.hpp, and the
// report's figures come from the engine's own replay.

#include <span>
#include <vector>

#include "rl/ppo.hpp"

namespace regent::rl {

struct Evaluation {
  std::size_t bars = 0, symbols = 0;
  std::vector<float> positions;    // [bars, symbols], what the policy wanted, whether or not it filled
  std::vector<float> net_returns;  // [bars, symbols], of each symbol's own equity; 0 where frozen
  double log_return = 0;           // mean over the symbols of the sum of log(1 + net) over the bars
  double log_return_error = 0;     // its standard error over bars: of the mean over symbols, summed
  double turnover = 0;             // mean |change of conviction| per bar and symbol
};

// Actions tanh(mean) at the bars [data.first_bar, data.end_bar), positions 0 at the start.
Evaluation evaluate(const cuda::Resources& resources, const cuda::EnvironmentSettings& settings,
                    const PpoData& data, models::PolicyNetwork policy);

// The same walk with given targets [bars, symbols] in [-1, 1] for the bars [first_bar, end_bar).
Evaluation evaluate_positions(const cuda::Resources& resources, const cuda::EnvironmentSettings& settings,
                              const cuda::EnvironmentData& data, std::size_t first_bar, std::size_t end_bar,
                              std::span<const float> positions);

}  // namespace regent::rl
