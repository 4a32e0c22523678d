#pragma once
// What an account would have made of weights over time.

#include <string>
#include <vector>

#include "market/panel.hpp"
#include "market/portfolio_backtest.hpp"

namespace regent::strategies {

struct WeightsOverTime {
  std::vector<TimestampMs> timestamps_ms;  // [decisions], of the bars after which they were made, rising
  std::vector<double> weights;       // [decisions, symbols of the panel], fraction of equity; below 0: short
  std::vector<std::string> regimes;  // [decisions], column `regime`; empty without one
};

struct WeightsSettings {
  market::PortfolioCosts costs;
  bool at_close = false;
  // Slippage as liquidity_slippage.hpp finds it, instead of costs.slippage_rate. An order is worth start_cash
  // times the change of its symbol's weight, from one decision to the next.
  bool liquidity_slippage = false;
  double start_cash = 10'000;
};

// A decision after bar t fills at the execution prices of bar t+1 (opens; closes where `at_close`, or where
// there are no opens); between decisions units are held. A period runs from one bar's execution prices to the
// next's.
struct WeightsBacktest {
  std::vector<TimestampMs> timestamps_ms;  // [periods], of the bar that ends each
  std::vector<std::string> regimes;        // [periods], of the decision in force; empty without regimes
  market::PortfolioResult account;
  std::vector<double> hold_returns;  // [periods], equal weights bought at the first fill and held, same costs
  std::size_t decisions = 0;         // that were filled
  std::size_t decisions_too_late = 0;  // for which the data have no two bars more
  bool at_close = false, liquidity_slippage = false;
  double periods_per_year = 252;
};

// Throws InputError where no bar follows the first fill.
WeightsBacktest backtest_weights(const market::Panel& panel, const WeightsOverTime& weights,
                                 const WeightsSettings& settings);

}  // namespace regent::strategies
