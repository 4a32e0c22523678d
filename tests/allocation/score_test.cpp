#include "allocation/score.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace regent::allocation {
namespace {

// Alternating gains and losses of one size have the standard deviation size · √(n / (n − 1)).
void append(std::vector<double>& returns, std::size_t count, double size) {
  for (std::size_t i = 0; i < count; ++i) returns.push_back(i % 2 == 0 ? size : -size);
}

TEST(Score, MissesTheTargetByTheWholeSpanAndByTheMeanOfWholeYears) {
  market::PortfolioResult account;
  append(account.returns, 252, 0.01);
  append(account.returns, 252, 0.02);
  append(account.returns, 100, 0.5);  // no whole year
  const double target = 0.2;
  const Score score = score_of(account, target, 252);
  const double squares = 252 * 0.0001 + 252 * 0.0004 + 100 * 0.25;
  EXPECT_NEAR(score.miss, std::sqrt(squares / 603 * 252) / target - 1, 1e-9);
  const double calm = 0.01 * std::sqrt(252.0 / 251 * 252), wild = 2 * calm;
  EXPECT_NEAR(score.yearly_miss, ((target - calm) / target + (wild - target) / target) / 2, 1e-9);
  account.returns.resize(200);
  EXPECT_TRUE(std::isnan(score_of(account, target, 252).yearly_miss));
}

TEST(Score, CountsTurnoverAndCostsByTheYear) {
  market::PortfolioResult account;
  append(account.returns, 126, 0.01);
  account.turnover = 0.1;
  account.costs = 0.02;
  account.gross_exposure = 0.7;
  const Score score = score_of(account, 0.1, 252);
  EXPECT_NEAR(score.turnover, 25.2, 1e-12);
  EXPECT_NEAR(score.costs, 0.04, 1e-12);
  EXPECT_EQ(score.gross, 0.7);
}

}  // namespace
}  // namespace regent::allocation
