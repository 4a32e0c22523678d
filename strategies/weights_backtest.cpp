#include "strategies/weights_backtest.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "market/performance.hpp"
#include "strategies/liquidity_slippage.hpp"

namespace regent::strategies {
namespace {

using Weights = std::span<const double>;  // [symbols], or empty: no decision

// Of the symbols that have a price at the first fill.
std::vector<double> equal_weights(std::span<const double> prices) {
  const auto there = std::ranges::count_if(prices, [](double price) { return !std::isnan(price); });
  std::vector<double> weights(prices.size(), 0.0);
  for (std::size_t i = 0; i < prices.size(); ++i)
    if (!std::isnan(prices[i])) weights[i] = 1.0 / static_cast<double>(there);
  return weights;
}

// The slippage of every symbol's next order; empty where the costs' own rate is meant.
class SymbolSlippage {
 public:
  SymbolSlippage(const market::Panel& panel, const WeightsSettings& settings)
      : panel_(panel), start_cash_(settings.start_cash) {
    if (!settings.liquidity_slippage) return;
    slippage_.assign(panel.symbol_count(), LiquiditySlippage(bar_minutes(panel.timestamps_ms)));
    rates_.resize(panel.symbol_count());
  }
  // Of fills in the bar after `bar`; weights before and after them, `before` empty where nothing was held.
  std::span<const double> rates_after(std::size_t bar, Weights before, Weights after) {
    for (; known_bars_ <= bar; ++known_bars_) {
      for (std::size_t i = 0; i < slippage_.size(); ++i)
        slippage_[i].add(liquidity_bar(panel_, known_bars_, i));
    }
    for (std::size_t i = 0; i < slippage_.size(); ++i)
      rates_[i] = slippage_[i].rate(start_cash_ * std::abs(after[i] - (before.empty() ? 0 : before[i])));
    return rates_;
  }

 private:
  const market::Panel& panel_;
  double start_cash_;
  std::size_t known_bars_ = 0;
  std::vector<LiquiditySlippage> slippage_;
  std::vector<double> rates_;
};

}  // namespace

WeightsBacktest backtest_weights(const market::Panel& panel, const WeightsOverTime& weights,
                                 const WeightsSettings& settings) {
  const std::size_t symbols = panel.symbol_count();
  const auto column = settings.at_close ? market::Column::close : panel.execution_column();
  const std::size_t first = panel.lower_bound(weights.timestamps_ms.front());
  if (first + 2 >= panel.bars())
    throw InputError(
        "weights: the first decision needs two bars after it, one to fill it and one to hold it");
  WeightsBacktest result;
  result.at_close = column == market::Column::close;
  result.liquidity_slippage = settings.liquidity_slippage;
  result.periods_per_year = market::periods_per_year(panel.timestamps_ms);
  market::PortfolioBacktest account(settings.costs, symbols), hold(settings.costs, symbols);
  SymbolSlippage slippage(panel, settings);
  const auto row_of = [&](std::size_t row) {
    return Weights(weights.weights).subspan(row * symbols, symbols);
  };
  std::vector<double> bought = equal_weights(panel.bar(first + 1)[column]);
  for (std::size_t t = first, row = 0; t + 2 < panel.bars(); ++t) {
    const bool decided =
        row < weights.timestamps_ms.size() && weights.timestamps_ms[row] == panel.timestamps_ms[t];
    const auto fill = panel.bar(t + 1)[column], next = panel.bar(t + 2)[column];
    const auto trade = [&](market::PortfolioBacktest& of, Weights before, Weights wanted) {
      if (wanted.empty()) return of.step(wanted, fill, next);
      return of.step(wanted, fill, next, slippage.rates_after(t, before, wanted));
    };
    trade(account, decided && row > 0 ? row_of(row - 1) : Weights{}, decided ? row_of(row) : Weights{});
    result.hold_returns.push_back(trade(hold, {}, bought));
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
