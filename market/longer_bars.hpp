#pragma once
// Bars of a longer step out of bars of a shorter one.

#include <optional>
#include <string_view>

#include "market/panel.hpp"

namespace regent::market {

// "15m", "4h", "1d", "1w" in milliseconds. Throws InputError unless whole periods make up a day, or the step
// is whole days.
TimestampMs parse_step(std::string_view text);

struct LongerBars {
  Panel panel;
  // Begin of a last period that is not over, which has no bar: its close is not known yet.
  std::optional<TimestampMs> unfinished_ms;
};

// Open of the first, highest high, lowest low, close of the last, and volume of all known values of a period;
// missing where none is known. Days begin at midnight UTC, weeks on Monday. The last period is over when half
// of its symbols have come as far as they ever came in an earlier one (a market with hours does not reach
// midnight), or to its end where there is none. A symbol's bars last for the
// longest time that all its steps are multiples of. Throws InputError when one does not end within the period
// in which it began.
LongerBars longer_bars(const Panel& panel, TimestampMs step_ms);

}  // namespace regent::market
