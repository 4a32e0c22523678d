#include "cuda/trading/environment.hpp"

#include <spdlog/fmt/fmt.h>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "cuda/trading/environment_body.hpp"
#include "cuda/trading/environment_check.hpp"

namespace regent::cuda {

void validate(const EnvironmentSettings& settings) {
  const auto refuse = [](const char* key, double value, const char* right) {
    throw InputError(fmt::format("environment.{} is {}; it must be {}", key, value, right));
  };
  if (!(settings.cost_rate >= 0 && settings.cost_rate <= 0.1)) {
    refuse("cost_rate", settings.cost_rate, "between 0 and 0.1");
  }
  if (!(settings.risk_aversion >= 0 && std::isfinite(settings.risk_aversion))) {
    refuse("risk_aversion", settings.risk_aversion, "0 or more");
  }
  if (settings.episode_bars < 1) refuse("episode_bars", settings.episode_bars, "1 or more");
}

namespace detail {

LaneRules check_range(const EnvironmentSettings& settings, const EnvironmentData& data, std::size_t first_bar,
                      std::size_t end_bar, std::uint64_t seed, std::uint32_t step_index) {
  constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  REGENT_INVARIANT(first_bar < end_bar && end_bar <= data.bars, "the bar range must be inside the data");
  REGENT_INVARIANT(data.symbols > 0 && data.bars < limit && data.symbols < limit, "too many bars or symbols");
  const std::size_t cells = data.bars * data.symbols;
  REGENT_INVARIANT(data.execution_return.size() == cells, "execution_return must be [bars, symbols]");
  REGENT_INVARIANT(data.volatility_scale.size() == cells, "volatility_scale must be [bars, symbols]");
  return {settings.cost_rate,
          settings.risk_aversion,
          settings.episode_bars,
          static_cast<std::uint32_t>(first_bar),
          static_cast<std::uint32_t>(end_bar - first_bar),
          static_cast<std::uint32_t>(data.symbols),
          seed,
          step_index};
}

void check_step(const EnvironmentData& data, const EnvironmentState& state, const EnvironmentStep& io,
                std::size_t first_bar, std::size_t end_bar) {
  const std::size_t lanes = state.bar.size();
  REGENT_INVARIANT(state.symbol.size() == lanes && state.bars_left.size() == lanes &&
                       state.position.size() == lanes && state.log_equity.size() == lanes,
                   "every array of the state must be [lanes]");
  REGENT_INVARIANT(io.action.size() == lanes && io.reward.size() == lanes && io.net_return.size() == lanes &&
                       io.done.size() == lanes && (io.frozen.empty() || io.frozen.size() == lanes),
                   "every array of a step must be [lanes]");
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    REGENT_INVARIANT(io.action[lane] >= -1.0F && io.action[lane] <= 1.0F, "an action must be in [-1, 1]");
    const std::int32_t bar = state.bar[lane];
    const std::int32_t symbol = state.symbol[lane];
    REGENT_INVARIANT(
        bar >= 0 && static_cast<std::size_t>(bar) >= first_bar && static_cast<std::size_t>(bar) < end_bar,
        "a lane stands outside the bar range");
    REGENT_INVARIANT(symbol >= 0 && static_cast<std::size_t>(symbol) < data.symbols,
                     "a lane has no such symbol");
  }
}

}  // namespace detail

void reset(const Resources&, const EnvironmentSettings& settings, const EnvironmentData& data,
           EnvironmentState& state, std::size_t lanes, std::size_t first_bar, std::size_t end_bar,
           std::uint64_t seed) {
  validate(settings);
  const LaneRules range = detail::check_range(settings, data, first_bar, end_bar, seed, 0);
  REGENT_INVARIANT(lanes > 0 && lanes <= std::numeric_limits<std::uint32_t>::max(),
                   "lanes must be 1 to 2^32 - 1");
  state.bar.resize(lanes);
  state.symbol.resize(lanes);
  state.bars_left.assign(lanes, settings.episode_bars);
  state.position.assign(lanes, 0.0F);
  state.log_equity.assign(lanes, 0.0);
  for (std::size_t lane = 0; lane < lanes; ++lane) {  // once per training: one thread is enough
    const LaneStart start = environment_reset_body(seed, static_cast<std::uint32_t>(lane), 0, range.first_bar,
                                                   range.bars, range.symbols);
    state.bar[lane] = start.bar;
    state.symbol[lane] = start.symbol;
  }
}

void step(const Resources& resources, const EnvironmentSettings& settings, const EnvironmentData& data,
          EnvironmentState& state, const EnvironmentStep& io, std::size_t first_bar, std::size_t end_bar,
          std::uint64_t seed, std::uint32_t step_index) {
  const LaneRules rules = detail::check_range(settings, data, first_bar, end_bar, seed, step_index);
  detail::check_step(data, state, io, first_bar, end_bar);
  const detail::StepArguments arguments{data, state, io, rules};
  if (resources.backend() == Backend::gpu) {
    detail::step_gpu(resources, arguments);
  } else {
    detail::step_cpu(arguments);
  }
}

}  // namespace regent::cuda
