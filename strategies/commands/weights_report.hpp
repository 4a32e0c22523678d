#pragma once
// What a backtest of weights shows of itself: a table for the terminal, JSON, and columns for files and
// pictures.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market/io/panel_file.hpp"
#include "strategies/weights_backtest.hpp"

namespace regent::strategies {

std::string weights_text(const WeightsBacktest& result, const std::string& name);
// With the keys that the pictures read of a tear sheet; fees and slippage are sums of fractions of the
// equity.
nlohmann::ordered_json weights_json(const WeightsBacktest& result, const std::string& name);
// A row per bar from the first fill on: timestamp, symbol, close (of equal weights held), equity, side,
// net_return, and regime where there is one.
std::vector<market::SeriesColumn> weights_columns(const WeightsBacktest& result, double start_cash);

}  // namespace regent::strategies
