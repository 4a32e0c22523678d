#pragma once
// A panel as the log returns that scenarios are made of.

#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::scenario {

struct Returns {
  std::vector<std::string> symbols;
  std::vector<TimestampMs> timestamps_ms;  // [bars], of the bar that a return ends with
  std::vector<std::size_t> panel_bar;      // [bars], its place in the panel
  std::vector<double> log_returns;         // [bars, symbols], finite
  std::size_t left_out = 0;                // bars at which some symbol has no return
  std::size_t bars() const { return timestamps_ms.size(); }
  std::size_t assets() const { return symbols.size(); }
};

// From close to close, of the bars at which every symbol has this close and the one before. Throws InputError
// when fewer than bars_min remain, naming the symbol that lacks most, for a symbol that never moves, and for
// more symbols than scenarios take.
inline constexpr std::size_t bars_min = 60;
Returns returns_of(const market::Panel& panel);

}  // namespace regent::scenario
