#include "covariance/risk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Matrix two_assets(double a, double covariance, double b) {
  Matrix matrix(2);
  matrix.values = {a, covariance, covariance, b};
  return matrix;
}

// w = (1, 1), Σ = [[4, 1], [1, 2]]: Σw = (5, 3), w'Σw = 8
TEST(PortfolioRiskOf, TwoAssetsIsWhatOneWorksOutByHand) {
  const std::vector<double> weights{1, 1};
  const PortfolioRisk risk = portfolio_risk(two_assets(4, 1, 2), weights);
  EXPECT_NEAR(risk.volatility, std::sqrt(8.0), 1e-14);
  EXPECT_NEAR(risk.by_asset[0], 5.0 / 8, 1e-14);
  EXPECT_NEAR(risk.by_asset[1], 3.0 / 8, 1e-14);
  // λ = 3 ± √2, v ∝ (1, λ − 4)
  for (int k = 0; k < 2; ++k) {
    const double value = 3 + (k == 0 ? 1 : -1) * std::sqrt(2.0), slope = value - 4;
    EXPECT_NEAR(risk.modes[k], value, 1e-13);
    EXPECT_NEAR(risk.by_mode[k], value * (1 + slope) * (1 + slope) / (1 + slope * slope) / 8, 1e-13);
  }
  EXPECT_NEAR(risk.diversification_ratio, (2 + std::sqrt(2.0)) / std::sqrt(8.0), 1e-14);
}

// Equal risk in n uncorrelated assets of different variances is n bets; one asset is one.
TEST(PortfolioRiskOf, UncorrelatedAssetsCountsTheBets) {
  Matrix matrix(4);
  for (std::size_t i = 0; i < 4; ++i) matrix(i, i) = std::pow(4.0, static_cast<double>(i));
  EXPECT_NEAR(portfolio_risk(matrix, std::vector<double>{8, -4, 2, 1}).effective_bets, 4, 1e-12);
  EXPECT_NEAR(portfolio_risk(matrix, std::vector<double>{0, 0, 3, 0}).effective_bets, 1, 1e-12);
}

TEST(PortfolioRiskOf, AnyPortfolioAddsUpToOne) {
  const auto table = test::random_table(6, 90, 12, 0.0);
  const Matrix matrix = sample_covariance(table.observations(), 1).covariance;
  std::vector<double> weights;
  for (int i = 0; i < 12; ++i) weights.push_back(i % 3 == 0 ? -0.5 : 0.1 * i);
  const PortfolioRisk risk = portfolio_risk(matrix, weights);
  EXPECT_NEAR(std::accumulate(risk.by_asset.begin(), risk.by_asset.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(std::accumulate(risk.by_mode.begin(), risk.by_mode.end(), 0.0), 1, 1e-12);
  EXPECT_LT(*std::ranges::min_element(risk.by_asset), 0);  // a hedge
  EXPECT_GE(*std::ranges::min_element(risk.by_mode), 0);
}

TEST(PortfolioRiskOf, WhatHasNoneIsRefused) {
  const auto risk = [](const Matrix& matrix, std::vector<double> weights) {
    return [=] { portfolio_risk(matrix, weights); };
  };
  EXPECT_THAT(risk(two_assets(1, 0, 1), {0, 0}),
              ThrowsMessage<InputError>(HasSubstr("all weights are zero")));
  EXPECT_THAT(risk(two_assets(1, 0, 1), {1, std::nan("")}), ThrowsMessage<InputError>(HasSubstr("weight 2")));
  EXPECT_THAT(risk(two_assets(1, 1, 1), {1, -1}), ThrowsMessage<InputError>(HasSubstr("no risk")));
  EXPECT_THAT(risk(two_assets(1, 2, 1), {1, 1}), ThrowsMessage<InputError>(HasSubstr("eigenvalue -1")));
  EXPECT_THAT(risk(two_assets(1, std::nan(""), 1), {1, 1}),
              ThrowsMessage<InputError>(HasSubstr("entry 1, 2")));
}

TEST(TailRiskOf, NormalReturnsIsThePublishedTable) {
  const TailRisk tail = normal_tail(1, 0.99);
  EXPECT_NEAR(tail.value_at_risk, 2.326347874, 5e-10);
  EXPECT_NEAR(tail.expected_shortfall, 2.665214220, 5e-10);
  EXPECT_NEAR(normal_tail(0.02, 0.95).value_at_risk, 0.02 * 1.644853627, 1e-11);
  EXPECT_THROW(normal_tail(1, 1), InputError);
  EXPECT_THROW(normal_tail(1, 0.01), InputError);
}

TEST(TailRiskOf, PastReturnsIsTheirWorst) {
  std::vector<double> returns(100);
  for (int i = 0; i < 100; ++i) returns[i] = (i * 37 % 100 - 20) / 100.0;  // −0.20 … 0.79 in some order
  const TailRisk one = historical_tail(returns, 0.99);  // the worst alone; the loss that comes after it
  EXPECT_NEAR(one.value_at_risk, 0.19, 1e-12);
  EXPECT_NEAR(one.expected_shortfall, 0.20, 1e-12);
  const TailRisk part = historical_tail(returns, 0.975);  // 2.5 of them
  EXPECT_NEAR(part.value_at_risk, 0.18, 1e-12);
  EXPECT_NEAR(part.expected_shortfall, (0.20 + 0.19 + 0.5 * 0.18) / 2.5, 1e-12);
  // 10 · (1 − 0.9) is a little less than 1 in binary
  EXPECT_NEAR(historical_tail({returns.begin(), returns.begin() + 10}, 0.9).value_at_risk,
              historical_tail({returns.begin(), returns.begin() + 10}, 0.899).value_at_risk, 1e-15);
  EXPECT_NEAR(historical_tail({0.3}, 0.99).expected_shortfall, -0.3, 1e-12);
  EXPECT_THROW(historical_tail({}, 0.99), InputError);
  EXPECT_THROW(historical_tail({std::nan("")}, 0.99), InputError);
}

}  // namespace
}  // namespace regent::covariance
