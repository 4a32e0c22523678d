#pragma once
// Bars of a longer step out of bars of a shorter one.

#include <string_view>

#include "market/panel.hpp"

namespace regent::market {

// The median step between bars; 0 for fewer than two.
TimestampMs usual_step(const Panel& panel);

// "15m", "4h", "1d", "1w" in milliseconds. Throws InputError unless whole periods make up a day, or the step
// is whole days.
TimestampMs parse_step(std::string_view text);

struct LongerBars {
  Panel panel;
  // Begin of a last period whose end the bars do not reach, which has no bar: its close is not known yet. -1
  // when there is none.
  TimestampMs unfinished_ms = -1;
};

// Open of the first, highest high, lowest low, close of the last, and volume of all known values of a period;
// missing where none is known. Days begin at midnight UTC, weeks on Monday; a market that is closed at
// weekends ends its period before them. Throws InputError when a bar does not end within the period in which
// it began.
LongerBars longer_bars(const Panel& panel, TimestampMs step_ms);

}  // namespace regent::market
