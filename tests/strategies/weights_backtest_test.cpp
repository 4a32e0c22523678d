#include "strategies/weights_backtest.hpp"

#include <gtest/gtest.h>

#include "slippage_reference.hpp"

namespace regent::strategies {
namespace {

// Two assets with volumes, the second a tenth of the first's.
market::Panel two_assets() {
  const market::Panel one = random_panel(60, 3), other = random_panel(60, 4);
  market::Panel panel;
  panel.symbols = {"A", "B"};
  panel.timestamps_ms = one.timestamps_ms;
  for (std::size_t c = 0; c < market::column_count; ++c) {
    for (std::size_t t = 0; t < one.bars(); ++t) {
      panel.columns[c].push_back(one.columns[c][t]);
      panel.columns[c].push_back(other.columns[c][t] * (c == 4 ? 0.1 : 1));
    }
  }
  return panel;
}

market::Panel only(const market::Panel& panel, std::size_t symbol) {
  market::Panel one;
  one.symbols = {panel.symbols[symbol]};
  one.timestamps_ms = panel.timestamps_ms;
  for (std::size_t c = 0; c < market::column_count; ++c) {
    for (std::size_t t = 0; t < panel.bars(); ++t)
      one.columns[c].push_back(panel.columns[c][t * panel.symbol_count() + symbol]);
  }
  return one;
}

// Without fees a decision costs its slippage and no more: Σ over symbols of |change of weight| · rate, of
// weights that drift little in an hour.
TEST(WeightsBacktest, EveryDecisionPaysTheLiquiditySlippageOfItsChangesAndItsBar) {
  const market::Panel panel = two_assets();
  const WeightsOverTime weights{{panel.timestamps_ms[20], panel.timestamps_ms[21], panel.timestamps_ms[40]},
                                {0.6, -0.4, 0.6, 0.4, 0, 0.4},
                                {}};
  const WeightsSettings settings{.costs = {0, 0.05}, .liquidity_slippage = true, .start_cash = 40'000};
  const WeightsBacktest result = backtest_weights(panel, weights, settings);
  struct Order {
    std::size_t fill, symbol;
    double value;
  };
  const Order orders[] = {{21, 0, 0.6}, {21, 1, 0.4}, {22, 1, 0.8}, {41, 0, 0.6}};
  double expected = 0, free_of_size = 0;
  for (const auto& [fill, symbol, value] : orders) {
    const market::Panel one = only(panel, symbol);
    expected += value * 1e-4 * reference_slippage_bps(one, fill, 60, 40'000 * value);
    free_of_size += value * 1e-4 * reference_slippage_bps(one, fill, 60, 0);
  }
  EXPECT_NEAR(result.account.costs, expected, 0.01 * expected);
  EXPECT_GT(expected, 1.1 * free_of_size) << "the order's size should be seen";
  EXPECT_TRUE(result.liquidity_slippage);
  // equal weights are bought once, for half of the account each, and are then held
  const double held = 0.5e-4 * (reference_slippage_bps(only(panel, 0), 21, 60, 20'000) +
                                reference_slippage_bps(only(panel, 1), 21, 60, 20'000));
  const double free = backtest_weights(panel, weights, {.costs = {0, 0}}).hold_returns[0];
  EXPECT_NEAR(result.hold_returns[0], free - held, 1e-6);
}

}  // namespace
}  // namespace regent::strategies
