#include "strategies/tradable.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/time.hpp"
#include "market/performance.hpp"

namespace regent::strategies {
namespace {

using market::Column;

struct Bar {
  double open, high, low, close, volume;
  bool known() const {
    const std::array all{open, high, low, close, volume};
    return std::ranges::all_of(all, [](double x) { return std::isfinite(x); });
  }
};

Bar bar_of(const market::Panel& panel, std::size_t t, std::size_t symbol, bool with_volume, bool with_opens) {
  const double close = panel.at(Column::close, t, symbol);
  const double volume = with_volume ? panel.at(Column::volume, t, symbol) : 0;
  if (!with_opens) return {close, close, close, close, volume};
  const double open = panel.at(Column::open, t, symbol);
  const bool ranged = panel.has(Column::high) && panel.has(Column::low);
  return {open, ranged ? panel.at(Column::high, t, symbol) : std::max(open, close),
          ranged ? panel.at(Column::low, t, symbol) : std::min(open, close), close, volume};
}

void check(const Bar& bar, const std::string& symbol, TimestampMs time) {
  if (bar.low > 0 && bar.low <= std::min(bar.open, bar.close) && bar.high >= std::max(bar.open, bar.close))
    return;
  throw InputError(symbol + ", bar of " + format_timestamp(time) + ": open " + std::to_string(bar.open) +
                   ", high " + std::to_string(bar.high) + ", low " + std::to_string(bar.low) + ", close " +
                   std::to_string(bar.close) + "; open and close must lie between low and high, above zero");
}

}  // namespace

TradableSeries tradable_series(const market::Panel& panel, std::size_t symbol, bool with_volume,
                               bool fill_at_close) {
  TradableSeries series;
  series.symbol = panel.symbols[symbol];
  series.has_opens = panel.has(Column::open) && !fill_at_close;
  const bool volume = panel.has(Column::volume) && with_volume;
  for (std::size_t t = 0; t < panel.bars(); ++t) {
    const Bar bar = bar_of(panel, t, symbol, volume, series.has_opens);
    if (!bar.known()) continue;
    check(bar, series.symbol, panel.timestamps_ms[t]);
    series.open.push_back(bar.open);
    series.high.push_back(bar.high);
    series.low.push_back(bar.low);
    series.close.push_back(bar.close);
    if (volume) series.volume.push_back(bar.volume);
    series.timestamps_ms.push_back(panel.timestamps_ms[t]);
    series.panel_bars.push_back(t);
  }
  if (series.bars() < 2) {
    throw InputError(series.symbol + " has " + std::to_string(series.bars()) +
                     " bars without a missing value; a strategy needs 2 or more");
  }
  series.frozen_bars = series.panel_bars.back() - series.panel_bars.front() + 1 - series.bars();
  series.periods_per_year = market::periods_per_year(series.timestamps_ms);
  return series;
}

}  // namespace regent::strategies
