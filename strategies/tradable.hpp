#pragma once
// One symbol's bars as a strategy trades them: a bar with a missing value is left out, so that signals, fills
// and statistics stand still over it.

#include <string>
#include <vector>

#include "market/panel.hpp"
#include "strategies/indicators.hpp"

namespace regent::strategies {

struct TradableSeries {
  std::string symbol;
  std::vector<double> open, high, low, close, volume;  // [bars]; volume may be empty
  std::vector<TimestampMs> timestamps_ms;              // [bars]
  std::vector<std::size_t> panel_bars;                 // [bars] index of each bar in the panel
  bool has_opens = false;                              // else orders fill at the next close
  std::size_t frozen_bars = 0;                         // left out between the first and the last
  double periods_per_year = 0;
  std::size_t bars() const { return close.size(); }
  PriceSeries prices() const { return {open, high, low, close, volume}; }
};

// `with_volume`: bars without a volume are left out too. `fill_at_close`: as on a closes-only panel, orders
// fill at the next close. Without highs and lows, a bar reaches from its open to its close. Throws InputError
// naming the symbol for fewer than 2 bars, and for a bar whose open or close lies outside of its low and
// high.
TradableSeries tradable_series(const market::Panel& panel, std::size_t symbol, bool with_volume,
                               bool fill_at_close);

}  // namespace regent::strategies
