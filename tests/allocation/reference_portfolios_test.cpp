#include "allocation/reference_portfolios.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

TEST(ReferencePortfolios, OfTwoAssetsEqualTheirClosedForms) {
  const auto covariance = test::pair(0.1, 0.3, 0.2);
  const double a = 0.01, b = 0.09, c = 0.2 * 0.1 * 0.3;
  EXPECT_NEAR(inverse_variance(covariance)[0], 0.9, 1e-12);
  EXPECT_NEAR(minimum_variance(covariance)[0], (b - c) / (a + b - 2 * c), 1e-10);
  EXPECT_NEAR(risk_parity(covariance)[0], 0.75, 1e-10) << "1/σ, whatever the correlation";
}

TEST(ReferencePortfolios, MinimumVarianceLeavesOutWhatWouldBeShort) {
  // without the limit the second would be (a − c)/(a + b − 2c) = (0.01 − 0.027)/0.046 < 0
  const auto weights = minimum_variance(test::pair(0.1, 0.3, 0.9));
  EXPECT_NEAR(weights[0], 1, 1e-12);
  EXPECT_EQ(weights[1], 0);
}

TEST(ReferencePortfolios, MinimumVarianceMeetsTheConditionsOfTheLeast) {
  const std::uint64_t seed = 29;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (std::size_t n = 2; n < 12; ++n) {
    const auto covariance = test::random_covariance(n, random, 2);
    const auto weights = minimum_variance(covariance);
    const double variance = test::variance_of(covariance, weights);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double marginal = 0;
      for (std::size_t j = 0; j < n; ++j) marginal += covariance(i, j) * weights[j];
      sum += weights[i];
      EXPECT_GE(weights[i], 0);
      EXPECT_GE(marginal, variance * (1 - 1e-8))
          << "a step towards asset " << i << " would lower the variance";
      if (weights[i] > 0) {
        EXPECT_NEAR(marginal, variance, 1e-8 * variance);
      }
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(ReferencePortfolios, RiskParityGivesEveryAssetTheSameShare) {
  const std::uint64_t seed = 31;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (std::size_t n = 1; n < 12; ++n) {
    const auto covariance = test::random_covariance(n, random, 1);
    const auto weights = risk_parity(covariance);
    const double variance = test::variance_of(covariance, weights);
    for (std::size_t i = 0; i < n; ++i) {
      double marginal = 0;
      for (std::size_t j = 0; j < n; ++j) marginal += covariance(i, j) * weights[j];
      EXPECT_GT(weights[i], 0);
      EXPECT_NEAR(weights[i] * marginal / variance, 1.0 / static_cast<double>(n), 1e-9);
    }
  }
}

TEST(ReferencePortfolios, RefuseACovarianceThatIsNone) {
  auto covariance = test::pair(0.1, 0.3, 0.2);
  covariance(0, 0) = 0;
  EXPECT_THROW(inverse_variance(covariance), InputError);
  EXPECT_THROW(minimum_variance(covariance), InputError);
  EXPECT_THROW(risk_parity(covariance), InputError);
}

}  // namespace
}  // namespace regent::allocation
