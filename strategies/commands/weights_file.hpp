#pragma once
// Portfolio weights over time, from a file: what `regent decide --out` writes, or anybody's own.

#include <string>

#include "strategies/weights_backtest.hpp"

namespace regent::strategies {

// A time column, and a column of numbers for every symbol of the panel. Throws InputError naming row, column
// and value for a column that is missing or is no symbol's, a missing or infinite weight, times that do not
// rise, and one that is no bar of the panel.
WeightsOverTime read_weights(const std::string& file, const market::Panel& panel);

}  // namespace regent::strategies
