#pragma once
// What sweep and backtest share: bars, rules of trading, regimes.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cuda/trading/sweep.hpp"
#include "market/io/data_input.hpp"
#include "strategies/grid.hpp"

namespace regent::strategies {

struct TradingFlags {
  market::DataFlags bars;
  std::vector<std::string> data;  // --data, the same as naming the files
  cuda::sweep::TradingRules rules;
  bool slippage_given = false;
  std::string slippage_model = "fixed";
  std::string fill = "next-open";
  bool keep_last_open = false;
  std::string model, only_regimes;
  std::string device = "auto";
  bool liquidity_slippage() const { return slippage_model == "liquidity"; }
};

void add_trading_flags(CLI::App& command, TradingFlags& flags);
// Joins --data and the files named without it; checks the rules. Throws InputError.
void settle(TradingFlags& flags);

}  // namespace regent::strategies
