#pragma once
// How close a portfolio came to the risk that was asked for.

#include <span>

#include "market/performance.hpp"
#include "market/portfolio_backtest.hpp"

namespace regent::allocation {

struct Score {
  market::Performance performance;  // annual_volatility is the one realised
  double miss = 0;                  // |realised − target| / target
  double yearly_miss = 0;           // mean of that over whole years of periods; NaN without one
  double turnover = 0;              // traded value / equity, a year
  double costs = 0;                 // of equity, a year
  double gross = 0;                 // mean Σ|w|
};

Score score_of(const market::PortfolioResult& account, double target_volatility, double periods_per_year);

}  // namespace regent::allocation
