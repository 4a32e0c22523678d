#include "covariance/denoise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>
#include <numeric>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

double mass_of(const MarchenkoPastur& law) {
  constexpr int steps = 200'000;
  const double width = (law.upper() - law.lower()) / steps;
  double sum = 0;
  for (int i = 0; i < steps; ++i) sum += law.density(law.lower() + (i + 0.5) * width) * width;
  return sum;
}

// Eigenvalues as evenly spread over the law as `count` can be.
std::vector<double> quantiles_of(const MarchenkoPastur& law, int count) {
  constexpr int steps = 400'000;
  const double width = (law.upper() - law.lower()) / steps;
  std::vector<double> values;
  double mass = 0;
  for (int i = 0; i < steps; ++i) {
    const double x = law.lower() + (i + 0.5) * width;
    mass += law.density(x) * width;
    while (static_cast<int>(values.size()) < count && mass >= (values.size() + 0.5) / count)
      values.push_back(x);
  }
  return values;
}

Matrix equicorrelated(std::size_t n, double correlation) {
  Matrix matrix(n, correlation);
  for (std::size_t i = 0; i < n; ++i) matrix(i, i) = 1;
  return matrix;
}

TEST(MarchenkoPasturLaw, HasThePublishedEdgesAndAllOfTheMass) {
  EXPECT_NEAR((MarchenkoPastur{0.1, 1}.lower()), 0.467544, 5e-7);
  EXPECT_NEAR((MarchenkoPastur{0.1, 1}.upper()), 1.732456, 5e-7);
  EXPECT_NEAR((MarchenkoPastur{0.5, 1}.lower()), 0.085786, 5e-7);
  EXPECT_NEAR((MarchenkoPastur{0.5, 1}.upper()), 2.914214, 5e-7);
  EXPECT_NEAR(mass_of({0.5, 0.7}), 1, 1e-4);
  EXPECT_NEAR(mass_of({4, 0.7}), 0.25, 1e-4);  // the rest are zeros
}

TEST(MarchenkoPasturLaw, IsFoundAgainFromItsOwnEigenvalues) {
  for (const double variance : {0.35, 0.8}) {
    std::vector<double> values = quantiles_of({0.25, variance}, 300);
    for (const double signal : {4.0, 9.0, 40.0}) values.push_back(signal);  // 3 of 303 are no noise
    EXPECT_NEAR(fit_marchenko_pastur(values, 0.25).variance, variance, 0.02) << variance;
  }
}

TEST(MarchenkoPasturLaw, RefusesNoEigenvaluesAndImpossibleRatios) {
  EXPECT_THROW(fit_marchenko_pastur({}, 0.5), InputError);
  EXPECT_THROW(fit_marchenko_pastur(std::vector<double>{1}, 0), InputError);
  EXPECT_THROW(fit_marchenko_pastur(std::vector<double>{1}, std::nan("")), InputError);
}

TEST(Denoising, KeepsTheMarketAndFlattensTheRest) {
  const std::uint64_t seed = 21;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const auto table = test::random_table(seed, 400, 60, 0.0);
  const Matrix raw = sample_covariance(table.observations(), 1).covariance;
  const Denoised found = denoised(raw, table.rows);
  EXPECT_EQ(found.signals, 1U);  // one common factor made them
  const Spectrum before = spectrum_of(correlation_of(raw)),
                 after = spectrum_of(correlation_of(found.covariance));
  EXPECT_EQ(found.eigenvalues, before.values);
  EXPECT_NEAR(after.values[0], before.values[0], 0.03 * before.values[0]);
  EXPECT_GT(before.values[1] / before.values[59], 3);
  EXPECT_LT(after.values[1] / after.values[59], 1.6);
  EXPECT_NEAR(std::accumulate(after.values.begin(), after.values.end(), 0.0), 60, 1e-9);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(found.covariance(i, i), raw(i, i));
}

TEST(Denoising, OfEqualCorrelationsChangesNothing) {
  const Matrix matrix = equicorrelated(20, 0.3);
  const Matrix found = denoised(matrix, 100).covariance;
  for (std::size_t i = 0; i < matrix.values.size(); ++i)
    EXPECT_NEAR(found.values[i], matrix.values[i], 1e-12);
}

TEST(Denoising, WorksWithFewerRowsThanColumns) {
  const auto table = test::random_table(4, 30, 80, 0.0);
  const Denoised found = denoised(sample_covariance(table.observations(), 1).covariance, 30);
  EXPECT_GT(spectrum_of(correlation_of(found.covariance)).values.back(), 1e-3);  // 51 were zero
}

// C − λ v v' of equal correlations is (1 − ρ)(I − 11'/n): scaled to ones, every correlation is −1/(n − 1)
TEST(Detoning, OfEqualCorrelationsIsTheClosedForm) {
  const Matrix found = detoned(equicorrelated(5, 0.6), 1);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(found(i, j), i == j ? 1 : -0.25, 1e-12);
  }
  EXPECT_THAT([] { detoned(equicorrelated(5, 0.6), 5); },
              ThrowsMessage<InputError>(HasSubstr("5 market modes")));
}

TEST(Denoising, RefusesAColumnWithoutVarianceByName) {
  Matrix matrix = equicorrelated(3, 0.0);
  matrix(1, 1) = 0;
  EXPECT_THAT([&] { denoised(matrix, 10); },
              ThrowsMessage<InputError>(HasSubstr("column 2 has the variance 0")));
  EXPECT_THAT([&] { detoned(matrix, 1); },
              ThrowsMessage<InputError>(HasSubstr("column 2 has the variance 0")));
}

}  // namespace
}  // namespace regent::covariance
