#pragma once
// Statistics of one lane from what the sweep kept of it. Undefined ones are NaN: a Sharpe ratio without
// variance, a win rate without trades.

#include <cstdint>

#include "cuda/trading/sweep.hpp"

namespace regent::strategies {

struct Metrics {
  double total_return = 0, annual_return = 0, annual_volatility = 0;
  double sharpe = 0, sortino = 0;  // annualised, risk-free 0, as in market/performance.hpp
  double drawdown_max = 0;         // positive fraction, at closes
  double win_rate = 0;             // of closed trades
  double profit_factor = 0;        // Σ gains / Σ losses of closed trades; inf without a loss
  double exposure = 0;             // share of bars with a position at their close
  double turnover = 0;             // traded value / equity, a year
  double trades = 0;               // closed ones
  double fees = 0, slippage = 0;   // of the start cash
};

struct Sums {
  double bars = 0, sum = 0, square_sum = 0, downside_sum = 0, held = 0;
  void add(const cuda::sweep::BucketSums& bucket, double bucket_bars);
};

double mean_of(const Sums& sums);
double sharpe_of(const Sums& sums, double periods_per_year);      // NaN where nothing varies
double sortino_of(const Sums& sums, double periods_per_year);     // NaN without a loss
double volatility_of(const Sums& sums, double periods_per_year);  // NaN below two bars

Metrics metrics_of(const cuda::sweep::Outcome& outcome, const Sums& total, double periods_per_year);

}  // namespace regent::strategies
