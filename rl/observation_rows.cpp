#include "rl/observation_rows.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::rl {
namespace {

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

void fill_observation(const PpoData& data, std::size_t bar, std::size_t symbol, float conviction,
                      float* row) {
  const auto& layout = data.layout;
  const std::size_t cell = bar * data.environment.symbols + symbol;
  models::fill_observation(layout, data.features.subspan(cell * layout.features, layout.features), conviction,
                           data.macro_posterior.subspan(bar * layout.macros, layout.macros),
                           data.micro_posterior.subspan(bar * layout.states, layout.states),
                           {row, layout.inputs()});
}

void fill_observations(const PpoData& data, std::span<const std::int32_t> bars,
                       std::span<const std::int32_t> symbols, std::span<const float> convictions,
                       std::span<float> rows) {
  const std::size_t inputs = data.layout.inputs();
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, bars.size(), 128), [&](const auto& range) {
    for (std::size_t lane = range.begin(); lane != range.end(); ++lane) {
      fill_observation(data, static_cast<std::size_t>(bars[lane]), static_cast<std::size_t>(symbols[lane]),
                       convictions[lane], rows.data() + lane * inputs);
    }
  });
}

void check_data(const PpoData& data) {
  const std::size_t bars = data.environment.bars;
  const std::size_t symbols = data.environment.symbols;
  const auto& layout = data.layout;
  REGENT_INVARIANT(symbols > 0 && data.first_bar < data.end_bar && data.end_bar + 2 <= bars,
                   "decisions need at least one symbol and bars in [first, end) with end <= bars - 2");
  REGENT_INVARIANT(data.environment.execution_return.size() == bars * symbols &&
                       data.environment.volatility_scale.size() == bars * symbols,
                   "returns and volatilities must be [bars, symbols]");
  REGENT_INVARIANT(data.features.size() == bars * symbols * layout.features,
                   "features must be [bars, symbols, F]");
  REGENT_INVARIANT(data.macro_posterior.size() == bars * layout.macros && layout.macros > 0,
                   "the macro posterior must be [bars, M]");
  REGENT_INVARIANT(data.micro_posterior.size() == bars * layout.states,
                   "the micro posterior must be [bars, K]");
  const std::size_t count = data.end_bar + 1 - data.first_bar;  // the row of end_bar is read as well
  const auto rows = [&](std::span<const float> table, std::size_t width) {
    return table.subspan(data.first_bar * width, count * width);
  };
  REGENT_INVARIANT(all_finite(rows(data.features, symbols * layout.features)), "a feature is not finite");
  REGENT_INVARIANT(all_finite(rows(data.macro_posterior, layout.macros)), "a macro posterior is not finite");
  REGENT_INVARIANT(all_finite(rows(data.micro_posterior, layout.states)), "a micro posterior is not finite");
}

}  // namespace regent::rl
