#include "covariance/ewma.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using test::missing;
using test::random_table;
using test::weighted_covariance;

std::vector<long double> weights_of(std::size_t rows, double half_life) {
  std::vector<long double> weights(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    weights[row] = std::exp2(-static_cast<long double>(rows - 1 - row) / half_life);
  }
  return weights;
}

Matrix ewma_of(const test::RandomTable& table, const EwmaSettings& settings) {
  Ewma ewma(table.columns, settings);
  for (std::size_t row = 0; row < table.rows; ++row) {
    ewma.update(std::span(table.values).subspan(row * table.columns, table.columns));
  }
  return ewma.covariance();
}

// pandas: DataFrame.ewm(halflife=…).cov(bias=…), which also ages weights over missing rows
TEST(Ewma, IsTheWeightedCovarianceOverTheRowsOfEachPair) {
  for (const double share : {0.0, 0.3}) {
    for (const int ddof : {0, 1}) {
      const std::uint64_t seed = 5;
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", missing " << share << ", ddof " << ddof);
      const auto table = random_table(seed, 60, 4, share);
      const Matrix found = ewma_of(table, {7, 7, ddof});
      for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
          const double expected = weighted_covariance(table.observations(), i, j, weights_of(60, 7), ddof);
          EXPECT_NEAR(found(i, j), expected, 1e-12 * std::abs(expected) + 1e-17) << i << ' ' << j;
        }
      }
    }
  }
}

TEST(Ewma, TakesVariancesAndCorrelationsWithHalfLivesOfTheirOwn) {
  const auto table = random_table(9, 80, 3, 0.0);
  const Matrix found = ewma_of(table, {4, 25, 1});
  const auto fast = weights_of(80, 4), slow = weights_of(80, 25);
  const auto x = table.observations();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(found(i, i), weighted_covariance(x, i, i, fast, 1), 1e-15);
    for (std::size_t j = 0; j < i; ++j) {
      const double correlation =
          weighted_covariance(x, i, j, slow, 0) /
          std::sqrt(weighted_covariance(x, i, i, slow, 0) * weighted_covariance(x, j, j, slow, 0));
      const double expected = correlation * std::sqrt(weighted_covariance(x, i, i, fast, 1) *
                                                      weighted_covariance(x, j, j, fast, 1));
      EXPECT_NEAR(found(i, j), expected, 1e-15) << i << ' ' << j;
    }
  }
}

TEST(Ewma, IsUndefinedUntilAPairHasTwoRows) {
  Ewma ewma(2, {10, 20, 1});
  EXPECT_TRUE(std::isnan(ewma.covariance()(0, 0)));
  ewma.update(std::vector<double>{1, missing});
  ewma.update(std::vector<double>{2, 3});
  EXPECT_FALSE(std::isnan(ewma.covariance()(0, 0)));
  EXPECT_TRUE(std::isnan(ewma.covariance()(1, 1)));
  EXPECT_TRUE(std::isnan(ewma.covariance()(0, 1)));
  EXPECT_EQ(ewma.observations(1, 0), 1);
  Ewma biased(2, {10, 10, 0});
  biased.update(std::vector<double>{1, 2});
  EXPECT_EQ(biased.covariance()(0, 0), 0);
  EXPECT_TRUE(std::isnan(biased.covariance()(0, 1)));
}

TEST(Ewma, RefusesImpossibleSettingsAndInfiniteValues) {
  EXPECT_THROW(Ewma(1, {0, 5, 1}), InputError);
  EXPECT_THROW(Ewma(1, {5, missing, 1}), InputError);
  EXPECT_THROW(Ewma(1, {5, 5, 2}), InputError);
  Ewma ewma(1, {5, 5, 1});
  EXPECT_THROW(ewma.update(std::vector<double>{HUGE_VAL}), InputError);
}

}  // namespace
}  // namespace regent::covariance
