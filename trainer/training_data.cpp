#include "trainer/training_data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/config/config.hpp"
#include "base/error.hpp"
#include "market/market_state.hpp"

namespace regent::trainer {
namespace {

constexpr int volatility_returns_min = 20;
constexpr float missing = std::numeric_limits<float>::quiet_NaN();

std::vector<std::string> needed_columns(const std::vector<std::string>& features) {
  market::ColumnSet set;
  set.add(market::Column::close);
  for (const std::string& name : features) {
    for (const market::Column column : market::find_feature(name)->needs) {
      set.add(column);
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < market::column_count; ++i) {
    if (set.has(static_cast<market::Column>(i))) {
      names.emplace_back(market::column_names[i]);
    }
  }
  return names;
}

std::vector<float> execution_returns(std::span<const double> prices, std::size_t bars, std::size_t symbols) {
  std::vector<float> returns(bars * symbols, missing);
  for (std::size_t i = 0; i + 2 * symbols < bars * symbols; ++i) {
    returns[i] = static_cast<float>(prices[i + 2 * symbols] / prices[i + symbols] - 1);
  }
  return returns;
}

// Exponentially weighted, zero mean, bias-corrected (RiskMetrics, 1996); a return over a gap of n bars counts
// as one divided by √n, as in the allocator.
std::vector<float> volatility_scales(const market::Panel& panel, double half_life_bars) {
  const std::size_t symbols = panel.symbol_count();
  const double decay = std::exp2(-1.0 / half_life_bars);
  std::vector<float> scales(panel.bars() * symbols, missing);
  for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
    double last = 0, sum = 0, weight = 0;
    std::size_t last_bar = 0;
    int seen = 0;
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      const double close = panel.at(market::Column::close, bar, symbol);
      if (std::isnan(close)) {
        continue;  // nothing can be decided without a price
      }
      if (last > 0) {
        const double r = std::log(close / last);
        sum = decay * sum + (1 - decay) * r * r / static_cast<double>(bar - last_bar);
        weight = decay * weight + (1 - decay);
        ++seen;
      }
      last = close;
      last_bar = bar;
      if (seen >= volatility_returns_min && sum > 0) {
        scales[bar * symbols + symbol] = static_cast<float>(std::sqrt(sum / weight));
      }
    }
  }
  return scales;
}

// How much the market moved today, how much it moves at two horizons, and how far apart its symbols are.
std::vector<std::string> regime_state_names(std::size_t symbols) {
  std::vector<std::string> names{"market_return", "market_volatility_5", "market_volatility_21"};
  if (symbols >= 3) {
    names.emplace_back("market_dispersion");
  }
  return names;
}

}  // namespace

TrainingData prepare_data(market::Panel panel, const Config& config) {
  TrainingData data;
  data.panel = std::move(panel);
  const market::Panel& p = data.panel;
  const std::vector<std::string> names =
      market::usable_features(config.text_list("features.names"), p.column_set(), &data.left_out);
  if (names.empty()) {
    throw InputError("the data's columns feed none of the features in features.names");
  }
  data.columns = needed_columns(names);
  data.features = market::compute_features(p, names);
  data.state_names = regime_state_names(p.symbol_count());
  data.market_state = market::compute_market_state(p, data.state_names);
  const market::FeatureStream features(names, p.symbol_count(), p.column_set());
  const market::MarketState state(data.state_names, p.symbol_count());
  data.warm_bar = static_cast<std::size_t>(std::max(features.warmup_bars(), state.warmup_bars()));
  data.execution_price = p.columns[static_cast<std::size_t>(p.execution_column())];
  data.execution_return = execution_returns(data.execution_price, p.bars(), p.symbol_count());
  data.volatility_scale = volatility_scales(p, config.real("allocator.half_life_bars"));
  return data;
}

}  // namespace regent::trainer
