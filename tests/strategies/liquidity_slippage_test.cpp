#include "strategies/liquidity_slippage.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "slippage_reference.hpp"

namespace regent::strategies {
namespace {

using market::Column;
using market::Panel;

std::vector<std::size_t> all_bars(const Panel& panel) {
  std::vector<std::size_t> bars(panel.bars());
  std::iota(bars.begin(), bars.end(), std::size_t{0});
  return bars;
}

std::vector<double> rates_of(const Panel& panel, double order) {
  return liquidity_slippage_rates(panel, 0, all_bars(panel), order);
}

void expect_reference(const Panel& panel, double order) {
  const auto rates = rates_of(panel, order);
  ASSERT_EQ(rates.size(), panel.bars());
  std::size_t inside = 0;
  for (std::size_t t = 0; t < rates.size(); ++t) {
    const double expected = reference_slippage_bps(panel, t, 60, order);
    ASSERT_NEAR(1e4 * rates[t], expected, 1e-9) << "bar " << t;
    inside += expected > 0.6 && expected < 7.9 ? 1 : 0;
  }
  EXPECT_GT(inside, rates.size() / 2) << "most bars should not lie at an end";
}

TEST(LiquiditySlippage, EqualsTheSumsWrittenOutWithTheirWeights) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const Panel panel = random_panel(300, seed);
    expect_reference(panel, 10'000);
    expect_reference(panel, 100'000);
    EXPECT_GT(rates_of(panel, 100'000)[200], rates_of(panel, 10'000)[200]);
  }
}

// Two hours: closes 100 and 101, highs 101 and 102, lows 99 and 100, volumes 600 and 300, an order of 5,000.
//   σ = 10,000 · ln(1.01) / √60 = 12.8458
//   c_0 − η_0 = ln 100 − ½ ln(101 · 99) = 5.00025e-5; c_0 − η_1 = ln 100 − ½ ln(102 · 100) = −0.00990131: S =
//   0 the newest weighs 1, the one before 2^(−1/20) = 0.965936 Q = 5,000 / ((101 · 300 + 0.965936 · 100 ·
//   600) / 1.965936 / 60) = 6.68260 s = 0.5 + 0.35 · 12.8458 + 0.1 · 6.68260 = 5.66430
// then a third: close 100.5, high 101.5, low 99.5, volume 450
//   σ = 10,000 · √((ln(100.5 / 101)² + 0.965936 · ln(1.01)²) / 1.965936 / 60) = 10.09742
//   c_1 − η_1 = ln 101 − ½ ln(102 · 100) = 4.90172e-5, c_1 − η_2 = ln 101 − ½ ln(101.5 · 99.5) = 0.00501230,
//   of which 2 · √ is 9.91340 bp; S = 9.91340 / 1.965936 / √60 = 0.65099
//   Q = 5,000 / ((100.5 · 450 + 0.965936 · 101 · 300 + 0.933033 · 100 · 600) / 2.898969 / 60) = 6.66558
//   s = 0.5 + 0.35 · 10.09742 + 0.5 · 0.65099 + 0.1 · 6.66558 = 5.02615
TEST(LiquiditySlippage, IsWhatAPencilFinds) {
  LiquiditySlippage slippage(60);
  EXPECT_DOUBLE_EQ(slippage.rate(5000), 8e-4) << "nothing is known";
  slippage.add({101, 99, 100, 600});
  EXPECT_DOUBLE_EQ(slippage.rate(5000), 8e-4) << "no return is known";
  slippage.add({102, 100, 101, 300});
  EXPECT_NEAR(slippage.rate(5000), 5.66430e-4, 1e-9);
  EXPECT_NEAR(slippage.rate(0), 4.99604e-4, 1e-9);
  slippage.add({101.5, 99.5, 100.5, 450});
  EXPECT_NEAR(slippage.rate(5000), 5.02615e-4, 1e-9);
}

// A market that trades at 99.95 and 100.05 by turns, closing at the higher: c − η = ln(100.05) − ½ ln(99.95 ·
// 100.05) = ½ ln(100.05 / 99.95), the same beside the next bar, so the estimate is ln(100.05 / 99.95)
// = 10.0000 bp of one minute's bars, and s = 0.5 + 0.5 · 10. Bars of nine minutes: a third of it.
TEST(LiquiditySlippage, ASpreadAloneIsFoundAsItIs) {
  for (const double minutes : {1.0, 9.0}) {
    LiquiditySlippage slippage(minutes);
    for (int t = 0; t < 5; ++t) slippage.add({100.05, 99.95, 100.05, 1e9});
    EXPECT_NEAR(slippage.rate(0), (0.5 + 5 / std::sqrt(minutes)) * 1e-4, 1e-10);
  }
}

TEST(LiquiditySlippage, NoBarOfAFillOrAfterItCountsAndTheOneBeforeDoes) {
  const Panel panel = random_panel(120, 5);
  const auto rates = rates_of(panel, 50'000);
  for (const std::size_t changed : {3UL, 50UL, 119UL}) {
    for (std::size_t column = 0; column < market::column_count; ++column) {
      bool seen = false;
      for (const double factor : {0.7, 1.5}) {  // a pair of bars shows a spread on one side alone
        Panel other = panel;
        for (std::size_t t = changed; t < panel.bars(); ++t) other.columns[column][t] *= factor;
        const auto others = rates_of(other, 50'000);
        for (std::size_t t = 0; t <= changed; ++t) EXPECT_EQ(others[t], rates[t]) << changed << ", bar " << t;
        seen = seen || (changed + 1 < panel.bars() && others[changed + 1] != rates[changed + 1]);
      }
      // no open counts
      EXPECT_EQ(seen, changed + 1 < panel.bars() && column > 0) << changed << ", column " << column;
    }
  }
}

TEST(LiquiditySlippage, StaysBetweenItsEnds) {
  LiquiditySlippage still(60), free(60, {.base_bps = 0}), empty(60);
  for (int t = 0; t < 3; ++t) {
    still.add({100, 100, 100, 1e12});
    free.add({100, 100, 100, 1e12});
    empty.add({100, 100, 100, 0});
  }
  EXPECT_DOUBLE_EQ(still.rate(0), 0.5e-4);
  EXPECT_DOUBLE_EQ(still.rate(1e15), 8e-4);
  EXPECT_DOUBLE_EQ(free.rate(0), 0.05e-4);
  EXPECT_DOUBLE_EQ(empty.rate(1), 8e-4) << "nobody trades there";
  EXPECT_DOUBLE_EQ(empty.rate(0), 0.5e-4);
}

TEST(LiquiditySlippage, GoesWithoutWhatIsMissing) {
  Panel panel = random_panel(200, 7);
  for (std::size_t t = 0; t < panel.bars(); t += 7) panel.columns[4][t] = nan_value;
  for (std::size_t t = 3; t < panel.bars(); t += 11) panel.columns[1][t] = panel.columns[2][t] = nan_value;
  expect_reference(panel, 30'000);
  Panel closes = panel;
  closes.columns[1].clear();
  closes.columns[2].clear();
  expect_reference(closes, 30'000);
  closes.columns[4].clear();
  expect_reference(closes, 30'000);
  EXPECT_EQ(rates_of(closes, 30'000), rates_of(closes, 1e12)) << "without volume an order has no size";
}

// A symbol's own bars are its history: what lies between them is as if it had not been.
TEST(LiquiditySlippage, BarsThatAreNotNamedArePassedOver) {
  const Panel panel = random_panel(100, 9);
  std::vector<std::size_t> bars;
  Panel named = panel.slice(0, 0);
  for (std::size_t t = 0; t < panel.bars(); ++t) {
    if (t % 10 == 4) continue;
    bars.push_back(t);
    named.append(panel.bar(t));
  }
  EXPECT_EQ(liquidity_slippage_rates(panel, 0, bars, 1000), rates_of(named, 1000));
}

}  // namespace
}  // namespace regent::strategies
