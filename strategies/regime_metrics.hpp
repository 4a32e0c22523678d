#pragma once
// What a rule earns by regime. The regime of a bar is the one that was known when it began.
//
// Returns, drawdown:  the equity chained over the regime's bars alone, as if there were no others between
// Sharpe, Sortino, volatility, exposure:  of the regime's bars
// Trades, wins, profit factor:  of the trades whose entry lies in the regime, wherever they end
// Turnover, fees, slippage:  of the fills in the regime's bars
//
// So trades, fees and slippage of all regimes add up to those of all bars, and 1 + return multiplies. A
// regime without a bar has no metric (NaN).

#include <span>
#include <vector>

#include "strategies/traced_sweep.hpp"

namespace regent::strategies {

// [plan.regimes]; plan: a whole_plan.
std::vector<Metrics> metrics_by_regime(const cuda::sweep::Journal& journal, const TimePlan& plan,
                                       double periods_per_year);

// Of the combinations [first, end): [end − first, plan.regimes]. Each is traded bar by bar in double, on all
// cores, for a sweep keeps no trade and no drawdown by regime.
std::vector<Metrics> sweep_regimes(TracedSweep& sweep, std::size_t first, std::size_t end);

}  // namespace regent::strategies
