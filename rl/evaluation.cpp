#include "rl/evaluation.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "rl/observation_rows.hpp"
#include "rl/policy_batch.hpp"

namespace regent::rl {
namespace {

// Fills the targets [symbols] of a bar, knowing the convictions that filled last.
using Decide =
    std::function<void(std::size_t bar, std::span<const float> convictions, std::span<float> targets)>;

cuda::EnvironmentState flat_lanes(std::size_t symbols, std::size_t first_bar) {
  cuda::EnvironmentState lanes;
  lanes.bar.assign(symbols, static_cast<std::int32_t>(first_bar));
  lanes.symbol.resize(symbols);
  std::iota(lanes.symbol.begin(), lanes.symbol.end(), 0);
  lanes.bars_left.assign(symbols, std::numeric_limits<std::int32_t>::max());
  lanes.position.assign(symbols, 0.0F);
  lanes.log_equity.assign(symbols, 0.0);
  return lanes;
}

void summarise(Evaluation& result, double turnover) {
  double sum = 0;
  double squares = 0;
  for (std::size_t bar = 0; bar < result.bars; ++bar) {
    double of_bar = 0;
    for (std::size_t symbol = 0; symbol < result.symbols; ++symbol) {
      of_bar += std::log1p(static_cast<double>(result.net_returns[bar * result.symbols + symbol]));
    }
    of_bar /= static_cast<double>(result.symbols);
    sum += of_bar;
    squares += of_bar * of_bar;
  }
  const auto bars = static_cast<double>(result.bars);
  const double variance = squares / bars - (sum / bars) * (sum / bars);
  result.log_return = sum;
  result.log_return_error = std::sqrt(std::max(0.0, variance) * bars);
  result.turnover = turnover / (bars * static_cast<double>(result.symbols));
}

Evaluation walk(const cuda::Resources& resources, const cuda::EnvironmentSettings& settings,
                const cuda::EnvironmentData& data, std::size_t first_bar, std::size_t end_bar,
                const Decide& decide) {
  cuda::validate(settings);
  const std::size_t symbols = data.symbols;
  Evaluation result;
  result.bars = end_bar - first_bar;
  result.symbols = symbols;
  result.positions.resize(result.bars * symbols);
  result.net_returns.resize(result.bars * symbols);
  cuda::EnvironmentState lanes = flat_lanes(symbols, first_bar);
  std::vector<float> convictions(symbols, 0.0F);
  std::vector<float> rewards(symbols);
  std::vector<std::uint8_t> done(symbols), frozen(symbols), ruined(symbols, 0);
  double turnover = 0;
  for (std::size_t bar = first_bar; bar < end_bar; ++bar) {
    const std::size_t row = (bar - first_bar) * symbols;
    const std::span<float> targets = std::span(result.positions).subspan(row, symbols);
    const std::span<float> net_returns = std::span(result.net_returns).subspan(row, symbols);
    decide(bar, convictions, targets);
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      if (ruined[symbol] != 0) targets[symbol] = 0;  // nothing is left to trade with
    }
    cuda::step(resources, settings, data, lanes, {targets, rewards, net_returns, done, frozen}, first_bar,
               end_bar, 0, static_cast<std::uint32_t>(bar));
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      if (frozen[symbol] == 0) {
        turnover += std::abs(targets[symbol] - convictions[symbol]);
        convictions[symbol] = targets[symbol];
      }
      if (done[symbol] != cuda::episode_ruined) continue;
      // the environment has put the lane elsewhere: bring it back, flat for good
      ruined[symbol] = 1;
      convictions[symbol] = 0;
      lanes.bar[symbol] = static_cast<std::int32_t>(bar) + 1;
      lanes.symbol[symbol] = static_cast<std::int32_t>(symbol);
      lanes.bars_left[symbol] = std::numeric_limits<std::int32_t>::max();
    }
  }
  summarise(result, turnover);
  return result;
}

}  // namespace

Evaluation evaluate(const cuda::Resources& resources, const cuda::EnvironmentSettings& settings,
                    const PpoData& data, models::PolicyNetwork policy) {
  check_data(data);
  const std::size_t symbols = data.environment.symbols;
  std::vector<float> rows(symbols * data.layout.inputs());
  const torch::InferenceMode inference;
  return walk(resources, settings, data.environment, data.first_bar, data.end_bar,
              [&](std::size_t bar, std::span<const float> convictions, std::span<float> targets) {
                for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
                  fill_observation(data, bar, symbol, convictions[symbol],
                                   rows.data() + symbol * data.layout.inputs());
                }
                copy_to_host(torch::tanh(evaluate_rows(policy, rows, data.layout).mean), targets);
              });
}

Evaluation evaluate_positions(const cuda::Resources& resources, const cuda::EnvironmentSettings& settings,
                              const cuda::EnvironmentData& data, std::size_t first_bar, std::size_t end_bar,
                              std::span<const float> positions) {
  REGENT_INVARIANT(positions.size() == (end_bar - first_bar) * data.symbols,
                   "positions must be [bars, symbols]");
  return walk(resources, settings, data, first_bar, end_bar,
              [&](std::size_t bar, std::span<const float>, std::span<float> targets) {
                const auto from =
                    positions.begin() + static_cast<std::ptrdiff_t>((bar - first_bar) * data.symbols);
                std::copy_n(from, data.symbols, targets.begin());
              });
}

}  // namespace regent::rl
