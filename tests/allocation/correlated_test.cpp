#include "allocation/correlated.hpp"

#include <gtest/gtest.h>

#include "covariance/sample.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

constexpr double from = 0.7;

std::vector<double> kept(double correlation, const std::vector<double>& exposures) {
  return kept_of_correlated(test::pair(1, 1, correlation), exposures, from);
}

double risk_of_pair(double correlation, double larger, double smaller) {
  const auto k = kept(correlation, {larger, smaller});
  return std::sqrt(test::variance_of(test::pair(1, 1, correlation), {k[0] * larger, k[1] * smaller}));
}

TEST(CorrelatedPositions, AreLeftAloneUpToTheThresholdAndCutBeyondIt) {
  EXPECT_EQ(kept(0.7, {1, 1}), (std::vector<double>{1, 1}));
  EXPECT_EQ(kept(0.2, {1, 1}), (std::vector<double>{1, 1}));
  const auto k = kept(0.85, {1, 0.5});  // half of the way from 0.7 to 1
  EXPECT_NEAR(k[0], 1 - 0.5 * 0.5 * 0.5, 1e-12);
  EXPECT_NEAR(k[1], 1 - 0.5 * 0.5, 1e-12);
}

TEST(CorrelatedPositions, TwoCopiesTogetherKeepTheRiskOfTheLarger) {
  for (const double smaller : {1.0, 0.6, 0.1}) EXPECT_NEAR(risk_of_pair(1, 1, smaller), 1, 1e-12) << smaller;
}

TEST(CorrelatedPositions, OnOppositeSidesHedgeUnlessTheyMoveAgainstEachOther) {
  EXPECT_EQ(kept(0.95, {1, -1}), (std::vector<double>{1, 1})) << "a hedge";
  EXPECT_EQ(kept(-0.95, {1, 1}), (std::vector<double>{1, 1})) << "a hedge";
  EXPECT_EQ(kept(-0.95, {1, -1}), kept(0.95, {1, 1})) << "one bet";
  EXPECT_EQ(kept(-0.95, {1, -1}), kept(0.95, {-1, -1}));
}

TEST(CorrelatedPositions, RiskTogetherFallsContinuouslyAsTheCorrelationRises) {
  for (const double smaller : {1.0, 0.7, 0.2}) {
    double before = risk_of_pair(from, 1, smaller);
    EXPECT_NEAR(before, std::sqrt(1 + smaller * smaller + 2 * from * smaller), 1e-12);
    for (int step = 1; step <= 3000; ++step) {
      const double now = risk_of_pair(from + 0.3 * step / 3000, 1, smaller);
      EXPECT_LT(now, before) << step;
      EXPECT_GT(now, before - 0.001) << step;
      before = now;
    }
  }
}

TEST(CorrelatedPositions, NoCutShrinksAsAnyCorrelationGrowsAndNoneIsMoreThanAHalf) {
  const std::uint64_t seed = 23;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int round = 0; round < 200; ++round) {
    constexpr std::size_t n = 5;
    auto correlation = covariance::correlation_of(test::random_covariance(n, random, 3));
    std::vector<double> exposures(n);
    for (double& x : exposures) x = uniform(random);
    const auto before = kept_of_correlated(correlation, exposures, from);
    const std::size_t i = static_cast<std::size_t>(round) % n,
                      j = (i + 1 + static_cast<std::size_t>(round) % 3) % n;
    const double side = exposures[i] * exposures[j] > 0 ? 1 : -1;
    const double raised = side * std::min(1.0, side * correlation(i, j) + 0.1);
    correlation(i, j) = correlation(j, i) = raised;
    const auto after = kept_of_correlated(correlation, exposures, from);
    for (std::size_t k = 0; k < n; ++k) {
      EXPECT_LE(after[k], before[k]);
      EXPECT_GE(after[k], 0.5);
      EXPECT_LE(before[k], 1);
    }
  }
}

TEST(CorrelatedPositions, APositionOfNothingNeitherCutsNorIsCut) {
  EXPECT_EQ(kept(1, {1, 0}), (std::vector<double>{1, 1}));
  EXPECT_NEAR(kept(1, {1, 1e-6})[0], 1, 1e-6);
}

TEST(CorrelatedPositions, AreNeverCutFromOne) {
  EXPECT_EQ(kept_of_correlated(test::pair(1, 1, 1), std::vector<double>{1, 1}, 1),
            (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace regent::allocation
