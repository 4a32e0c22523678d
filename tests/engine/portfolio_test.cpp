#include "engine/portfolio/portfolio.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "engine/portfolio/planner.hpp"

namespace regent::engine {
namespace {

TEST(Portfolio, RealisesProfitAtTheAverageCost) {
  Portfolio p(1, 1'000);
  p.fill(0, 10, 10, 1);
  p.fill(0, 10, 20, 1);
  EXPECT_DOUBLE_EQ(p.average_cost(0), 15);
  p.fill(0, -5, 18, 1);
  EXPECT_DOUBLE_EQ(p.realised(), 15);
  EXPECT_DOUBLE_EQ(p.quantity(0), 15);
  EXPECT_DOUBLE_EQ(p.average_cost(0), 15);
  EXPECT_DOUBLE_EQ(p.fees(), 3);
  EXPECT_DOUBLE_EQ(p.cash(), 1'000 - 100 - 200 + 90 - 3);
  EXPECT_DOUBLE_EQ(p.equity({16}), p.cash() + 240);
  EXPECT_DOUBLE_EQ(p.unrealised({16}), 15);
}

TEST(Portfolio, OpensTheOtherSideAtTheFillPriceWhenCrossingZero) {
  Portfolio p(1, 1'000);
  p.fill(0, 10, 10, 0);
  p.fill(0, -15, 12, 0);
  EXPECT_DOUBLE_EQ(p.realised(), 20);
  EXPECT_DOUBLE_EQ(p.quantity(0), -5);
  EXPECT_DOUBLE_EQ(p.average_cost(0), 12);
  p.fill(0, 5, 13, 0);
  EXPECT_DOUBLE_EQ(p.realised(), 15);
  EXPECT_EQ(p.quantity(0), 0.0);
  EXPECT_EQ(p.average_cost(0), 0.0);
}

TEST(Portfolio, NeedsNoPriceForWhatItDoesNotHold) {
  Portfolio p(2, 1'000);
  p.fill(0, 10, 10, 0);
  EXPECT_DOUBLE_EQ(p.equity({11, std::nan("")}), 1'010);
  EXPECT_TRUE(std::isnan(p.equity({std::nan(""), 1})));
  EXPECT_FALSE(p.is_conserved({std::nan(""), 1})) << "an unknown value is not conserved";
}

// Against exact integer arithmetic: quantities, prices and fees are integers, so cents are exact.
TEST(Portfolio, ConservesCashOverRandomFills) {
  constexpr unsigned seed = 20'200'316;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  for (int run = 0; run < 200; ++run) {
    constexpr long long start = 1'000'000;
    Portfolio p(3, start);
    long long cash = start, fees = 0;
    std::vector<long long> held(3);
    for (int fill = 0; fill < 200; ++fill) {
      const std::size_t symbol = random() % 3;
      long long quantity = static_cast<long long>(random() % 41) - 20;
      if (quantity == 0) quantity = 1;
      if (random() % 5 == 0 && held[symbol] != 0) quantity = -held[symbol];  // closes exactly, now and then
      const long long price = 1 + random() % 100, fee = random() % 5;
      p.fill(symbol, static_cast<double>(quantity), static_cast<double>(price), static_cast<double>(fee));
      held[symbol] += quantity;
      cash -= quantity * price + fee;
      fees += fee;
      ASSERT_EQ(p.cash(), static_cast<double>(cash)) << "seed " << seed << " run " << run << " fill " << fill;
      ASSERT_EQ(p.quantity(symbol), static_cast<double>(held[symbol]));
      ASSERT_EQ(p.fees(), static_cast<double>(fees));
      const std::vector<double> prices{7, 11, 13};
      const double equity = static_cast<double>(cash + held[0] * 7 + held[1] * 11 + held[2] * 13);
      ASSERT_EQ(p.equity(prices), equity);
      ASSERT_NEAR(static_cast<double>(start) + p.realised() + p.unrealised(prices) - p.fees(), equity, 1e-6);
      ASSERT_TRUE(p.is_conserved(prices));
    }
  }
}

PlanInput input(const std::vector<double>& weights, const std::vector<double>& prices,
                const std::vector<double>& held, const std::vector<char>& blocked) {
  return {weights, prices, held, blocked, 1'000, 0.002};
}

TEST(Planner, TurnsWeightsIntoUnitsAtTheLastClose) {
  const std::vector<double> weights{0.1, -0.2}, prices{10, 4}, held{0, 0};
  const auto trades = plan(input(weights, prices, held, {0, 0}));
  ASSERT_EQ(trades.size(), 2U);
  EXPECT_DOUBLE_EQ(trades[0].quantity, 10);
  EXPECT_DOUBLE_EQ(trades[1].quantity, -50);
}

TEST(Planner, PutsReducingTradesFirst) {
  const std::vector<double> weights{0.2, 0.1, -0.1, 0}, prices{10, 10, 10, 10}, held{0, 20, 10, 5};
  const auto trades = plan(input(weights, prices, held, {0, 0, 0, 0}));
  ASSERT_EQ(trades.size(), 4U);
  EXPECT_EQ(trades[0].symbol, 1U);
  EXPECT_TRUE(trades[0].reducing);
  EXPECT_EQ(trades[1].symbol, 3U);
  EXPECT_EQ(trades[1].quantity, -5);
  EXPECT_TRUE(trades[1].reducing);
  EXPECT_EQ(trades[2].symbol, 0U);
  EXPECT_EQ(trades[3].symbol, 2U);
  EXPECT_EQ(trades[3].quantity, -20);
  EXPECT_FALSE(trades[3].reducing) << "across zero";
}

TEST(Planner, LeavesTradesWithinTheBandButAlwaysClosesWhole) {
  const std::vector<double> prices{10}, held{10};
  EXPECT_TRUE(plan(input({0.1019}, prices, held, {0})).empty());
  EXPECT_EQ(plan(input({0.1021}, prices, held, {0})).size(), 1U);
  const std::vector<double> dust{0.001};
  const auto trades = plan(input({0.0}, prices, dust, {0}));
  ASSERT_EQ(trades.size(), 1U);
  EXPECT_EQ(trades[0].quantity, -0.001);
}

TEST(Planner, LeavesSymbolsWithAnOpenOrderOrWithoutAPrice) {
  const std::vector<double> weights{0.1, 0.1}, prices{10, std::nan("")}, held{0, 0};
  EXPECT_TRUE(plan(input(weights, prices, held, {1, 0})).empty());
}

TEST(Planner, OnlyClosesWhenThereIsNoEquity) {
  const std::vector<double> weights{0.1, 0.0}, prices{10, 10}, held{0, -5};
  PlanInput broke = input(weights, prices, held, {});
  const std::vector<char> blocked{0, 0};
  broke.blocked = blocked;
  for (const double equity : {0.0, -10.0, std::nan("")}) {
    broke.equity = equity;
    const auto trades = plan(broke);
    ASSERT_EQ(trades.size(), 1U);
    EXPECT_EQ(trades[0].quantity, 5);
  }
}

}  // namespace
}  // namespace regent::engine
