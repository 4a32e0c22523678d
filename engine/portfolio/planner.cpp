#include "engine/portfolio/planner.hpp"

#include <algorithm>
#include <cmath>

#include "engine/gates/snapshot.hpp"

namespace regent::engine {

namespace {

// 0 when there is nothing to do
double trade_of(const PlanInput& input, std::size_t i) {
  const double held = input.quantities[i], price = input.prices[i];
  if (input.weights[i] == 0) return held == 0 ? 0.0 : -held;  // a close is exact and ignores the band
  if (!(input.equity > 0) || !(price > 0) || !std::isfinite(price)) return 0;
  const double trade = input.weights[i] * input.equity / price - held;
  return std::abs(trade) * price < input.band * input.equity ? 0.0 : trade;
}

}  // namespace

std::vector<PlannedTrade> plan(const PlanInput& input) {
  std::vector<PlannedTrade> trades;
  for (std::size_t i = 0; i < input.weights.size(); ++i) {
    if (input.blocked[i] != 0) continue;
    const double trade = trade_of(input, i);
    if (trade != 0) trades.push_back({i, trade, is_reducing(trade, input.quantities[i], 0)});
  }
  std::stable_partition(trades.begin(), trades.end(),
                        [](const PlannedTrade& trade) { return trade.reducing; });
  return trades;
}

}  // namespace regent::engine
