#include "strategies/weights_backtest.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "market/performance.hpp"

namespace regent::strategies {
namespace {

// Of the symbols that have a price at the first fill.
std::vector<double> equal_weights(std::span<const double> prices) {
  const auto there = std::ranges::count_if(prices, [](double price) { return !std::isnan(price); });
  std::vector<double> weights(prices.size(), 0.0);
  for (std::size_t i = 0; i < prices.size(); ++i)
    if (!std::isnan(prices[i])) weights[i] = 1.0 / static_cast<double>(there);
  return weights;
}

}  // namespace

WeightsBacktest backtest_weights(const market::Panel& panel, const WeightsOverTime& weights,
                                 const market::PortfolioCosts& costs, bool at_close) {
  const std::size_t symbols = panel.symbol_count();
  const auto column = at_close ? market::Column::close : panel.execution_column();
  const std::size_t first = panel.lower_bound(weights.timestamps_ms.front());
  if (first + 2 >= panel.bars())
    throw InputError(
        "weights: the first decision needs two bars after it, one to fill it and one to hold it");
  WeightsBacktest result;
  result.at_close = column == market::Column::close;
  result.periods_per_year = market::periods_per_year(panel.timestamps_ms);
  market::PortfolioBacktest account(costs, symbols), hold(costs, symbols);
  std::vector<double> bought = equal_weights(panel.bar(first + 1)[column]);
  for (std::size_t t = first, row = 0; t + 2 < panel.bars(); ++t) {
    const bool decided =
        row < weights.timestamps_ms.size() && weights.timestamps_ms[row] == panel.timestamps_ms[t];
    const auto fill = panel.bar(t + 1)[column], next = panel.bar(t + 2)[column];
    account.step(
        decided ? std::span(weights.weights).subspan(row * symbols, symbols) : std::span<const double>{},
        fill, next);
    result.hold_returns.push_back(hold.step(bought, fill, next));
    bought.clear();
    row += decided ? 1 : 0;
    result.decisions = row;
    result.timestamps_ms.push_back(panel.timestamps_ms[t + 2]);
    if (!weights.regimes.empty()) result.regimes.push_back(weights.regimes[row - 1]);
  }
  result.decisions_too_late = weights.timestamps_ms.size() - result.decisions;
  result.account = account.result();
  return result;
}

}  // namespace regent::strategies
