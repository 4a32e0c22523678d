#include "covariance/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using test::missing;
using test::random_table;
using test::weighted_covariance;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(SampleCovariance, IsItsDefinitionOverTheRowsOfEachPair) {
  for (const double share : {0.0, 0.3}) {
    for (const int ddof : {0, 1}) {
      const std::uint64_t seed = 11;
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", missing " << share << ", ddof " << ddof);
      const auto table = random_table(seed, 40, 5, share);
      const auto found = sample_covariance(table.observations(), ddof);
      EXPECT_EQ(found.complete, share == 0);
      const std::vector<long double> ones(table.rows, 1);
      for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t j = 0; j < 5; ++j) {
          const double expected = weighted_covariance(table.observations(), i, j, ones, ddof);
          EXPECT_NEAR(found.covariance(i, j), expected, 1e-13 * 0.01) << i << ' ' << j;
        }
      }
    }
  }
}

TEST(SampleCovariance, CountsTheRowsOfEachPairAndLeavesTooFewUndefined) {
  const std::vector<double> values{1, 2, missing, 2, 1, missing, 3, missing, 5, 4, missing, 7};
  const auto found = sample_covariance({values, 4, 3}, 1);
  EXPECT_EQ(found.observations, (std::vector<std::int64_t>{4, 2, 2, 2, 2, 0, 2, 0, 2}));
  EXPECT_DOUBLE_EQ(found.covariance(0, 1), -0.5);
  EXPECT_DOUBLE_EQ(found.covariance(0, 2), 1.0);
  EXPECT_TRUE(std::isnan(found.covariance(1, 2)));
  EXPECT_TRUE(std::isnan(correlation_of(found.covariance)(1, 2)));
}

TEST(SampleCovariance, KeepsSmallVariancesBesideLargeLevelsAndLargeColumns) {
  const std::vector<double> values{1e9 + 1, 1e150, 1e9 + 2, -1e150, 1e9 + 4, 1e150};
  const auto found = sample_covariance({values, 3, 2}, 1);
  EXPECT_NEAR(found.covariance(0, 0), 7.0 / 3, 1e-12);
  EXPECT_NEAR(found.covariance(1, 1) / (4e300 / 3), 1, 1e-14);
  EXPECT_NEAR(correlation_of(found.covariance)(0, 1), 0.18898223650461357, 1e-12);  // 0.5/√7
}

TEST(SampleCovariance, OfAConstantColumnIsZeroAndItsCorrelationUndefined) {
  const std::vector<double> values{0.1, 1, 0.1, 2, 0.1, 5};
  const auto found = sample_covariance({values, 3, 2}, 0);
  EXPECT_EQ(found.covariance(0, 0), 0);
  EXPECT_EQ(found.covariance(0, 1), 0);
  EXPECT_TRUE(std::isnan(correlation_of(found.covariance)(0, 0)));
}

TEST(SampleCovariance, RefusesWhatHasNone) {
  const std::vector<double> two{1, 2, 3, HUGE_VAL};
  EXPECT_THAT(
      [&] {
        sample_covariance({std::span(two).first(2), 1, 2}, 1);
      },
      ThrowsMessage<InputError>(HasSubstr("1 row of observations; a covariance needs at least 2")));
  EXPECT_THAT(
      [&] {
        sample_covariance({two, 2, 2}, 1);
      },
      ThrowsMessage<InputError>(HasSubstr("row 2, column 2")));
  EXPECT_THAT([&] { sample_covariance({two, 2, 2}, 2); }, ThrowsMessage<InputError>(HasSubstr("ddof 2")));
  const std::vector<double> huge{1e200, -1e200};
  EXPECT_THAT(
      [&] {
        sample_covariance({huge, 2, 1}, 1);
      },
      ThrowsMessage<InputError>(HasSubstr("scale the values")));
}

}  // namespace
}  // namespace regent::covariance
