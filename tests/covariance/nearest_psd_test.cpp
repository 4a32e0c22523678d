#include "covariance/nearest_psd.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

// Higham (2002), section 4: published to four digits
TEST(NearestPsd, IsHighamsAnswerToHisExample) {
  Matrix matrix(3);
  matrix.values = {1, 1, 0, 1, 1, 1, 0, 1, 1};
  const Matrix found = nearest_correlation(matrix);
  EXPECT_NEAR(found(0, 1), 0.7607, 5e-5);
  EXPECT_NEAR(found(1, 2), 0.7607, 5e-5);
  EXPECT_NEAR(found(0, 2), 0.1573, 5e-5);
  EXPECT_EQ(found(1, 1), 1);
}

TEST(NearestPsd, KeepsVariancesAndLeavesNoNegativeEigenvalue) {
  int repaired = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto table = test::random_table(seed, 9, 6, 0.35);
    const Matrix pairs = sample_covariance(table.observations(), 1).covariance;
    bool defined = true;
    for (const double value : pairs.values) defined = defined && !std::isnan(value);
    if (!defined) continue;
    repaired += is_psd(pairs) ? 0 : 1;
    const Matrix found = nearest_psd(pairs);
    const Spectrum spectrum = spectrum_of(found);
    EXPECT_GE(spectrum.values.back(), -1e-9 * spectrum.values.front());
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(found(i, i), pairs(i, i));
  }
  EXPECT_GE(repaired, 3);  // else the test says nothing
}

TEST(NearestPsd, ReturnsAGoodMatrixUnchanged) {
  const auto table = test::random_table(3, 30, 4, 0.0);
  const Matrix good = sample_covariance(table.observations(), 1).covariance;
  EXPECT_EQ(nearest_psd(good).values, good.values);
}

TEST(NearestPsd, RefusesWhatNoCovarianceCanBe) {
  Matrix matrix(2);
  matrix.values = {-1, 0, 0, 1};
  EXPECT_THROW(nearest_psd(matrix), InputError);
  matrix.values = {0, 0.5, 0.5, 1};
  EXPECT_THROW(nearest_psd(matrix), InputError);
  matrix.values = {1, std::nan(""), std::nan(""), 1};
  EXPECT_THROW(nearest_psd(matrix), InputError);
}

}  // namespace
}  // namespace regent::covariance
