#pragma once
// What a panel holds, symbol by symbol.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market {

struct SymbolSummary {
  std::string symbol;
  TimestampMs first_ms = 0, last_ms = 0;  // of bars with a close
  std::size_t bars = 0;                   // with a close
  std::size_t missing = 0;                // bars of the panel between first and last without a close
  double annual_return = 0, annual_volatility = 0, drawdown_max = 0;
  double worst_return = 0;
  TimestampMs worst_ms = 0;
};

struct PanelSummary {
  std::vector<SymbolSummary> symbols;
  double periods_per_year = 0;                                        // NaN for fewer than two bars
  TimestampMs step_ms = 0;                                            // the usual step between bars
  double annual_return = 0, annual_volatility = 0, drawdown_max = 0;  // equal weights, rebalanced every bar
};

PanelSummary summarise(const Panel& panel);
// "1 day", "1 hour", "5 minutes", …
std::string step_name(TimestampMs step_ms);

}  // namespace regent::market
