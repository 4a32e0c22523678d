#pragma once
// What one backtest shows of itself: tables for the terminal, JSON, and columns for files and pictures.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market/io/panel_file.hpp"
#include "market/performance.hpp"
#include "strategies/commands/regime_series.hpp"
#include "strategies/commands/slippage_model.hpp"
#include "strategies/sweep.hpp"

namespace regent::strategies {

struct BacktestResult {
  TradableSeries series;
  Regimes regimes;
  TimePlan plan;
  cuda::sweep::TradingRules rules;
  SlippageSummary slippage;
  std::string strategy, parameters;
  cuda::sweep::Journal journal;
  Metrics metrics;
  market::Performance performance;
  double hold_return = 0;  // of the asset itself over the same bars
};

const char* name_of(cuda::sweep::ExitReason reason);

std::string tear_sheet_text(const BacktestResult& result, std::size_t trades_shown);
nlohmann::ordered_json tear_sheet_json(const BacktestResult& result);
// A row per closed trade, for all results together.
std::vector<market::SeriesColumn> trade_columns(const std::vector<BacktestResult>& results);
// A row per bar: symbol, timestamp, close, equity, side, net_return, and regime where there is one.
std::vector<market::SeriesColumn> equity_columns(const std::vector<BacktestResult>& results);

}  // namespace regent::strategies
