#include "report/buy_and_hold.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace regent::report {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

market::Panel panel_of(std::vector<double> closes, std::size_t symbols, std::vector<double> opens = {}) {
  market::Panel panel;
  for (std::size_t i = 0; i < symbols; ++i) panel.symbols.push_back("S" + std::to_string(i));
  for (std::size_t i = 0; i < closes.size() / symbols; ++i) {
    panel.timestamps_ms.push_back(static_cast<TimestampMs>(i) * 86'400'000);
  }
  panel.columns[static_cast<std::size_t>(market::Column::close)] = std::move(closes);
  panel.columns[static_cast<std::size_t>(market::Column::open)] = std::move(opens);
  return panel;
}

TEST(BuyAndHold, BuysAtTheNextCloseWhenThereAreNoOpensAndPaysItsCosts) {
  const auto equity = buy_and_hold_equity(panel_of({10, 20, 40, 30}, 1), 0, 1000, 0.01, 0.1);
  // bought at 20·1.1 = 22 with 1 % fee inside the budget: 1000 / 22.22 shares
  const double shares = 1000 / (22 * 1.01);
  ASSERT_EQ(equity.size(), 4U);
  EXPECT_DOUBLE_EQ(equity[0], 1000);
  EXPECT_NEAR(equity[1], shares * 20, 1e-9);
  EXPECT_NEAR(equity[2], shares * 40, 1e-9);
  EXPECT_NEAR(equity[3], shares * 30, 1e-9);
}

TEST(BuyAndHold, BuysAtTheNextOpenNeverOnTheSignalBar) {
  const auto equity = buy_and_hold_equity(panel_of({100, 100, 120}, 1, {1, 80, 110}), 0, 1000, 0, 0);
  EXPECT_DOUBLE_EQ(equity[0], 1000);
  EXPECT_DOUBLE_EQ(equity[1], 1000.0 / 80 * 100);
  EXPECT_DOUBLE_EQ(equity[2], 1000.0 / 80 * 120);
}

TEST(BuyAndHold, StartsWhereTradingStarts) {
  const auto equity = buy_and_hold_equity(panel_of({5, 10, 20, 40}, 1), 1, 100, 0, 0);
  ASSERT_EQ(equity.size(), 3U);
  EXPECT_DOUBLE_EQ(equity[2], 200);
}

TEST(BuyAndHold, WaitsForASymbolThatHasNoPriceAndKeepsItsCash) {
  const auto equity =
      buy_and_hold_equity(panel_of({10, missing, 10, missing, 20, 5, 20, 10}, 2), 0, 100, 0, 0);
  EXPECT_DOUBLE_EQ(equity[1], 100);  // symbol 0 bought at 10, symbol 1 still cash
  EXPECT_DOUBLE_EQ(equity[2], 150);  // symbol 0 doubled, symbol 1 bought at 5
  EXPECT_DOUBLE_EQ(equity[3], 200);
}

TEST(BuyAndHold, MarksAMissingCloseAtTheLastKnownPrice) {
  const auto equity = buy_and_hold_equity(panel_of({10, 10, 12, missing, 15}, 1), 0, 100, 0, 0);
  EXPECT_DOUBLE_EQ(equity[3], equity[2]);
  EXPECT_DOUBLE_EQ(equity[4], 150);
}

}  // namespace
}  // namespace regent::report
