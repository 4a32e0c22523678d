#pragma once
// Statistics of one lane from what the sweep kept of it. Undefined ones are NaN: a Sharpe ratio without
// variance, a win rate without trades.

#include <cstdint>

#include "base/nan_value.hpp"
#include "cuda/trading/sweep.hpp"

namespace regent::strategies {

struct Metrics {
  double total_return = nan_value, annual_return = nan_value, annual_volatility = nan_value;
  double sharpe = nan_value, sortino = nan_value;  // annualised, risk-free 0, as in market/performance.hpp
  double drawdown_max = nan_value;                 // positive fraction, at closes
  double win_rate = nan_value;                     // of closed trades
  double profit_factor = nan_value;               // Σ gains / Σ losses of closed trades; inf without a loss
  double exposure = nan_value;                    // share of bars with a position at their close
  double turnover = nan_value;                    // traded value / equity, a year
  double trades = nan_value;                      // closed ones
  double fees = nan_value, slippage = nan_value;  // of the start cash
};

struct Sums {
  double bars = 0, sum = 0, square_sum = 0, downside_sum = 0, held = 0;
  void add(const cuda::sweep::BucketSums& bucket, double bucket_bars);
  void add(const Sums& other);
};

double mean_of(const Sums& sums);
double sharpe_of(const Sums& sums, double periods_per_year);      // NaN where nothing varies
double sortino_of(const Sums& sums, double periods_per_year);     // NaN without a loss
double volatility_of(const Sums& sums, double periods_per_year);  // NaN below two bars

Metrics metrics_of(const cuda::sweep::Outcome& outcome, const Sums& total, double periods_per_year);

}  // namespace regent::strategies
