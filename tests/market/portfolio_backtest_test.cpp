#include "market/portfolio_backtest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace regent::market {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

TEST(PortfolioBacktest, PaysFeeAndSlippageOnWhatItBuysAsWrittenOutByHand) {
  PortfolioBacktest account({0.001, 0.002}, 1);
  // 1.0 of equity, half of it at 100: 0.005 units, paid at 100.2, fee 0.1 % of what was paid
  const double cash = 1 - 0.005 * 100.2 - 0.001 * 0.005 * 100.2;
  EXPECT_NEAR(account.step(Values{0.5}, Values{100}, Values{110}), cash + 0.005 * 110 - 1, 1e-15);
  // then all of it is sold at 110, at 109.78
  const double equity = cash + 0.005 * 110;
  const double after = cash + 0.005 * 109.78 * (1 - 0.001);
  EXPECT_NEAR(account.step(Values{0}, Values{110}, Values{500}), after / equity - 1, 1e-15);
  const PortfolioResult result = account.result();
  EXPECT_NEAR(result.turnover, (0.5 + 0.005 * 110 / equity) / 2, 1e-15);
  EXPECT_NEAR(result.costs,
              0.5 * 0.002 + 0.001 * 0.005 * 100.2 + (0.55 * 0.002 + 0.001 * 0.005 * 109.78) / equity, 1e-15);
}

TEST(PortfolioBacktest, PaysEverySymbolsOwnSlippageWhereThereIsOne) {
  PortfolioBacktest account({0, 0.002}, 2);
  // 0.005 units bought at 100 · 1.01, 0.005 sold short at 100 · 0.97
  const double cash = 1 - 0.005 * 101 + 0.005 * 97;
  EXPECT_NEAR(account.step(Values{0.5, -0.5}, Values{100, 100}, Values{100, 100}, Values{0.01, 0.03}),
              cash - 1, 1e-15);
  EXPECT_NEAR(account.result().costs, 0.5 * 0.01 + 0.5 * 0.03, 1e-15);
  const double equity = cash;
  EXPECT_NEAR(account.step(Values{0, 0}, Values{100, 100}, Values{100, 100}),
              (cash + 0.005 * 99.8 - 0.005 * 100.2) / equity - 1, 1e-15)
      << "the costs' rate";
}

TEST(PortfolioBacktest, WithoutCostsHeldWeightsEarnTheWeightedReturns) {
  PortfolioBacktest account({0, 0}, 2);
  EXPECT_NEAR(account.step(Values{0.6, -0.3}, Values{10, 50}, Values{11, 45}), 0.6 * 0.1 + 0.3 * 0.1, 1e-15);
  EXPECT_NEAR(account.step(Values{0.6, -0.3}, Values{11, 45}, Values{11, 54}), -0.3 * 0.2, 1e-15);
  EXPECT_NEAR(account.result().gross_exposure, 0.9, 1e-15);
}

TEST(PortfolioBacktest, HoldsWhatItHasWhereNothingWasDecided) {
  PortfolioBacktest account({0.001, 0.001}, 2);
  account.step(Values{0.6, -0.3}, Values{10, 50}, Values{10, 50});
  const PortfolioResult before = account.result();
  // nothing is paid, and the units stay as they are: 0.06 and −0.006
  const double equity = 1 - 0.9 * 0.001 - 0.001 * (0.6 * 1.001 + 0.3 * 0.999);
  EXPECT_NEAR(account.step({}, Values{10, 50}, Values{20, 40}), (0.06 * 10 + 0.006 * 10) / equity, 1e-12);
  EXPECT_EQ(account.result().costs, before.costs);
  EXPECT_NEAR(before.fees, 0.001 * (0.6 * 1.001 + 0.3 * 0.999), 1e-15);
}

TEST(PortfolioBacktest, RebalancesOnlyTheDrift) {
  PortfolioBacktest account({0.01, 0}, 1);
  account.step(Values{1}, Values{100}, Values{100});
  const double before = account.result().costs;
  account.step(Values{account.result().gross_exposure}, Values{100}, Values{100});
  // after the first fee the held weight is a little above 1 of the equity; selling that little is all that is
  // traded
  EXPECT_LT(account.result().costs - before, 0.01 * 0.02);
}

TEST(PortfolioBacktest, ASymbolWithoutAPriceIsNeitherTradedNorLost) {
  PortfolioBacktest account({0.001, 0.001}, 2);
  account.step(Values{0.5, 0.5}, Values{100, 100}, Values{100, missing});
  EXPECT_NEAR(account.step(Values{0.5, 0}, Values{100, missing}, Values{100, missing}), 0, 1e-5);
  EXPECT_NEAR(account.step(Values{0.5, 0.5}, Values{100, missing}, Values{100, 120}), 0.5 * 0.2, 1e-3);
}

TEST(PortfolioBacktest, NeverTradesWhatHasNeverHadAPrice) {
  PortfolioBacktest account({0.001, 0.001}, 1);
  EXPECT_EQ(account.step(Values{1}, Values{missing}, Values{100}), 0);
  EXPECT_EQ(account.result().turnover, 0);
}

TEST(PortfolioBacktest, CountsWeightsThatFindNoPrice) {
  PortfolioBacktest account({0, 0}, 2);
  account.step(Values{0.5, 0}, Values{100, missing}, Values{100, missing});  // wanted and had nothing: none
  EXPECT_EQ(account.result().unfilled, 0U);
  account.step(Values{0.5, 0.5}, Values{100, missing}, Values{missing, 100});
  EXPECT_EQ(account.result().unfilled, 1U);
  account.step(Values{0, 0.5}, Values{missing, 100}, Values{missing, 100});  // the first stays held
  EXPECT_EQ(account.result().unfilled, 2U);
  account.step({}, Values{missing, 100}, Values{100, 100});  // no decision
  EXPECT_EQ(account.result().unfilled, 2U);
}

TEST(PortfolioBacktest, ARuinedAccountHasLostEverythingAndTradesNoMore) {
  PortfolioBacktest account({0.001, 0}, 1);
  EXPECT_EQ(account.step(Values{-1}, Values{100}, Values{250}),
            -1);  // a short that lost more than everything
  EXPECT_TRUE(account.result().ruined);
  const double costs = account.result().costs;
  EXPECT_EQ(account.step(Values{1}, Values{250}, Values{300}), 0);
  EXPECT_EQ(account.result().returns, (Values{-1, 0}));
  EXPECT_EQ(account.result().costs, costs);
}

}  // namespace
}  // namespace regent::market
