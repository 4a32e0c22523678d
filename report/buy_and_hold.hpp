#pragma once
// The yardstick: equal weights bought once, at the same fill rule and the same costs as the policy's orders,
// then held.

#include <cstddef>
#include <vector>

#include "market/panel.hpp"

namespace regent::report {

// Equity at the close of each bar from `first_bar` on, [panel.bars() - first_bar]. Ordered after first_bar's
// close, filled at the execution price of the next bar, worsened by slippage_rate, fee on top. A symbol
// without a price on that bar is bought on the first later bar that has one; a missing close is marked at the
// last known price.
std::vector<double> buy_and_hold_equity(const market::Panel& panel, std::size_t first_bar, double start_cash,
                                        double fee_rate, double slippage_rate);

}  // namespace regent::report
