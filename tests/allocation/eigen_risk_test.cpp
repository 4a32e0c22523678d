#include "allocation/eigen_risk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "covariance/sample.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

covariance::Spectrum spectrum_of_pair(double correlation) {
  return covariance::spectrum_of(test::pair(1, 1, correlation));
}

TEST(NoiseEdge, IsThePublishedUpperEdgeOfUncorrelatedAssets) {
  const std::vector<double> ones(10, 1.0);
  EXPECT_NEAR(noise_edge(ones, 100).edge, 1.732456, 1e-6);  // (1 + √0.1)²
  EXPECT_NEAR(noise_edge(ones, 20).edge, 2.914214, 1e-6);   // (1 + √0.5)²
  EXPECT_EQ(noise_edge(ones, 20).signals, 0U);
}

TEST(NoiseEdge, TakesSignalsOutOfTheNoisesVariance) {
  // 10 assets, 100 rows: 5.5 is above 1.73; the others have mean 0.5 and q = 9/99
  std::vector<double> values(10, 0.5);
  values[0] = 5.5;
  const NoiseEdge noise = noise_edge(values, 100);
  EXPECT_EQ(noise.signals, 1U);
  EXPECT_NEAR(noise.edge, 0.5 * std::pow(1 + std::sqrt(9.0 / 99), 2), 1e-12);
}

TEST(NoiseEdge, NeverCountsEverythingAsSignalWhereThereAreFewerRowsThanAssets) {
  const std::uint64_t seed = 41;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  constexpr std::size_t assets = 40, rows = 12;
  std::vector<double> values(assets * rows);
  for (double& value : values) value = normal(random);
  const auto covariance = covariance::sample_covariance({values, rows, assets}, 0).covariance;
  const auto spectrum = covariance::spectrum_of(covariance::correlation_of(covariance));
  const NoiseEdge noise = noise_edge(spectrum.values, rows);
  EXPECT_LE(noise.signals, 2U) << "there is nothing but noise";
  EXPECT_GT(noise.edge, 1);
}

TEST(EigenRisk, OfTwoAssetsEqualsItsClosedForm) {
  const double rho = 0.6, edge = 0.2;
  const std::vector<double> convictions{0.8, -0.3};
  const auto x = eigen_risk_exposures(spectrum_of_pair(rho), convictions, edge);
  const double together = (0.8 - 0.3) / 2 / std::sqrt(1 + rho), apart = (0.8 + 0.3) / 2 / std::sqrt(1 - rho);
  EXPECT_NEAR(x[0], together + apart, 1e-12);
  EXPECT_NEAR(x[1], together - apart, 1e-12);
}

TEST(EigenRisk, DoesNotLeverAModeBelowTheEdge) {
  const double rho = 0.9, edge = 0.5;  // the second eigenvalue is 0.1
  const auto x = eigen_risk_exposures(spectrum_of_pair(rho), std::vector<double>{0.5, -0.5}, edge);
  EXPECT_NEAR(x[0], 0.5 / std::sqrt(edge), 1e-12);
  EXPECT_NEAR(x[1], -0.5 / std::sqrt(edge), 1e-12);
}

TEST(EigenRisk, GivesEveryModeAboveTheEdgeTheShareOfItsConvictions) {
  const std::uint64_t seed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int round = 0; round < 50; ++round) {
    const std::size_t n = 2 + static_cast<std::size_t>(round) % 7;
    const auto correlation = covariance::correlation_of(test::random_covariance(n, random, 1));
    const auto spectrum = covariance::spectrum_of(correlation);
    std::vector<double> convictions(n);
    for (double& c : convictions) c = uniform(random);
    const double edge = spectrum.values[n / 2];
    const auto x = eigen_risk_exposures(spectrum, convictions, edge);
    for (std::size_t k = 0; k < n; ++k) {
      double bet = 0, wish = 0;
      for (std::size_t i = 0; i < n; ++i) {
        bet += spectrum.vectors(k, i) * x[i];
        wish += spectrum.vectors(k, i) * convictions[i];
      }
      const double risk = spectrum.values[k] * bet * bet;
      if (spectrum.values[k] >= edge) {
        EXPECT_NEAR(risk, wish * wish, 1e-9);
      } else {
        EXPECT_LT(risk, wish * wish + 1e-12);
      }
    }
  }
}

TEST(EigenRisk, CopiesOfOneAssetCountAsOneBet) {
  // three copies and one that has nothing to do with them: the copies' mode holds √3 of their convictions
  covariance::Matrix correlation(4);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) correlation(i, j) = (i < 3) == (j < 3) ? 1 : 0;
  }
  const auto x =
      eigen_risk_exposures(covariance::spectrum_of(correlation), std::vector<double>(4, 1.0), 0.01);
  EXPECT_NEAR(x[0] + x[1] + x[2], std::sqrt(3), 1e-12) << "and not 3";
  EXPECT_NEAR(x[3], 1, 1e-12);
}

TEST(EigenRisk, IsTheSameInEveryOrderOfTheAssets) {
  const std::uint64_t seed = 19;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto correlation = covariance::correlation_of(test::random_covariance(6, random, 1));
  const std::vector<double> convictions{0.3, -0.9, 0.1, 0.7, 0, 1};
  const std::vector<std::size_t> order{4, 2, 0, 5, 1, 3};
  covariance::Matrix moved(6);
  std::vector<double> wished(6);
  for (std::size_t i = 0; i < 6; ++i) {
    wished[i] = convictions[order[i]];
    for (std::size_t j = 0; j < 6; ++j) moved(i, j) = correlation(order[i], order[j]);
  }
  const auto x = eigen_risk_exposures(covariance::spectrum_of(correlation), convictions, 0.5);
  const auto y = eigen_risk_exposures(covariance::spectrum_of(moved), wished, 0.5);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(y[i], x[order[i]], 1e-10);
}

TEST(WithoutNoise, KeepsSignalsAndTheTraceAndLeavesOneValueOfNoise) {
  covariance::Matrix correlation(6, 0.5);
  for (std::size_t i = 0; i < 6; ++i) correlation(i, i) = 1;
  correlation(4, 5) = correlation(5, 4) = 0.45;
  const auto spectrum = covariance::spectrum_of(correlation);
  const auto cleaned = covariance::spectrum_of(without_noise(spectrum, {0.9, 1}));
  EXPECT_NEAR(cleaned.values[0], spectrum.values[0], 0.01);
  EXPECT_NEAR(std::accumulate(cleaned.values.begin(), cleaned.values.end(), 0.0), 6, 1e-9);
  EXPECT_NEAR(cleaned.values[1], cleaned.values[5], 0.02);
  EXPECT_GT(spectrum.values[1] - spectrum.values[5], 0.05) << "or there was nothing to clean";
}

}  // namespace
}  // namespace regent::allocation
