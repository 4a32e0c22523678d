#include "covariance/shrinkage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "covariance/spectrum.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::vector<double> five_rows{1, 2, 5, 4, 6, 8, 7, 8, 10, 1, 5, 7, 8, 9, 1};
const std::vector<double> three_rows{1, 2, 5, 0.5, 4, 6, 8, -1, 7, 8, 10, 2};

using Estimator = Shrunk (*)(const Observations&, const cuda::Resources*);
const std::vector<Estimator> estimators{ledoit_wolf_identity, ledoit_wolf_constant_correlation,
                                        oracle_approximating};

TEST(Shrinkage, TowardsConstantCorrelationIsTheKnownAnswer) {
  const Shrunk found = ledoit_wolf_constant_correlation({five_rows, 5, 3});
  EXPECT_NEAR(found.shrinkage, 0.9031130608585656, 1e-13);
  EXPECT_NEAR(found.covariance(0, 1), 2.00071631947653, 1e-13);
  EXPECT_NEAR(found.covariance(0, 2), 1.54132176377468, 1e-13);
  EXPECT_NEAR(found.covariance(2, 1), 1.34594278490159, 1e-13);
  EXPECT_NEAR(found.covariance(0, 0), 8.56, 1e-13);  // variances stay
}

TEST(Shrinkage, OnAGpuIsTheCpusToRounding) {
  if (cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine: products were not made by cuBLAS";
  const cuda::Resources gpu = cuda::Resources::make("cuda");
  for (const Estimator estimator : estimators) {
    const Shrunk here = estimator({three_rows, 3, 4}, nullptr), there = estimator({three_rows, 3, 4}, &gpu);
    EXPECT_NEAR(there.shrinkage, here.shrinkage, 1e-13);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(there.covariance(i, j), here.covariance(i, j), 1e-12);
    }
  }
}

// scikit-learn 1.9.1: LedoitWolf().fit(X), OAS().fit(X)
TEST(Shrinkage, TowardsIdentityIsScikitLearns) {
  EXPECT_EQ(ledoit_wolf_identity({five_rows, 5, 3}).shrinkage, 1);
  const Shrunk wolf = ledoit_wolf_identity({three_rows, 3, 4});
  EXPECT_NEAR(wolf.shrinkage, 0.2723678319359761, 1e-14);
  EXPECT_NEAR(wolf.covariance(0, 1), 4.365793008384143, 1e-13);
  EXPECT_NEAR(wolf.covariance(3, 3), 2.3133206092532617, 1e-13);
  const Shrunk oas = oracle_approximating({three_rows, 3, 4});
  EXPECT_NEAR(oas.shrinkage, 0.760689684879955, 1e-14);
  EXPECT_NEAR(oas.covariance(0, 1), 1.4358618907202698, 1e-13);
  EXPECT_NEAR(oas.covariance(3, 3), 3.7715039201276435, 1e-13);
}

TEST(Shrinkage, DoesNotDependOnTheUnitOfTheValues) {
  for (const Estimator estimator : estimators) {
    auto table = test::random_table(8, 200, 6, 0.0);
    // two groups, so that correlations are far from equal
    for (std::size_t k = 0; k < table.values.size(); ++k) table.values[k] *= k % 6 < 3 ? 1 : -1;
    const Shrunk found = estimator(table.observations(), nullptr);
    auto scaled = table;
    for (double& value : scaled.values) value = value * 1e120 + 1e119;
    EXPECT_NEAR(estimator(scaled.observations(), nullptr).shrinkage, found.shrinkage, 1e-11);
    EXPECT_GT(found.shrinkage, 0);
    EXPECT_LT(found.shrinkage, 1);
  }
}

TEST(Shrinkage, MakesFewRowsInvertible) {
  const auto table = test::random_table(2, 10, 30, 0.0);
  for (const Estimator estimator : estimators) {
    const Shrunk found = estimator(table.observations(), nullptr);
    EXPECT_GT(spectrum_of(found.covariance).values.back(), 1e-8);
  }
}

TEST(Shrinkage, OfOneColumnIsItsVariance) {
  const std::vector<double> values{1, 2, 6};
  for (const Estimator estimator : estimators)
    EXPECT_NEAR(estimator({values, 3, 1}, nullptr).covariance(0, 0), 14.0 / 3, 1e-13);
}

TEST(Shrinkage, RefusesMissingValuesOneRowAndConstantColumns) {
  std::vector<double> values = five_rows;
  values[7] = std::nan("");
  const std::vector<double> constant{1, 4, 2, 4, 3, 4};
  for (const Estimator estimator : estimators) {
    EXPECT_THAT(
        [&] {
          estimator({values, 5, 3}, nullptr);
        },
        ThrowsMessage<InputError>(HasSubstr("row 3, column 2")));
    EXPECT_THAT(
        [&] {
          estimator({std::span(five_rows).first(3), 1, 3}, nullptr);
        },
        ThrowsMessage<InputError>(HasSubstr("1 row of observations")));
  }
  EXPECT_THAT(
      [&] {
        ledoit_wolf_constant_correlation({constant, 3, 2});
      },
      ThrowsMessage<InputError>(HasSubstr("column 2 never changes")));
  EXPECT_NO_THROW(ledoit_wolf_identity({constant, 3, 2}));
}

}  // namespace
}  // namespace regent::covariance
