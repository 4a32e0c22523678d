#include "covariance/spectrum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

Matrix two_by_two(double a, double b, double c) {
  Matrix matrix(2);
  matrix.values = {a, b, b, c};
  return matrix;
}

TEST(Spectrum, OfTwoByTwoIsTheClosedFormAtAnyScale) {
  for (const double scale : {1.0, 1e-300, 1e300}) {
    const Spectrum found = spectrum_of(two_by_two(2 * scale, -3 * scale, 1 * scale));
    EXPECT_NEAR(found.values[0] / scale, 1.5 + std::sqrt(9.25), 1e-13) << scale;
    EXPECT_NEAR(found.values[1] / scale, 1.5 - std::sqrt(9.25), 1e-13) << scale;  // negative
    const double slope = (found.values[0] / scale - 2) / -3;
    EXPECT_NEAR(found.vectors(0, 1) / found.vectors(0, 0), slope, 1e-12) << scale;
  }
}

TEST(Spectrum, OfOneAssetAndOfNothingButZerosExists) {
  Matrix one(1, 3.5);
  EXPECT_EQ(spectrum_of(one).values, std::vector<double>{3.5});
  EXPECT_EQ(spectrum_of(Matrix(3)).values, (std::vector<double>{0, 0, 0}));
  EXPECT_TRUE(spectrum_of(Matrix()).values.empty());
}

TEST(Spectrum, TurnsEveryVectorSoThatItsLargestEntryIsPositive) {
  const auto table = test::random_table(8, 60, 9, 0.0);
  const Spectrum found = spectrum_of(sample_covariance(table.observations(), 1).covariance);
  for (std::size_t k = 0; k < 9; ++k) {
    double largest = 0, squares = 0;
    for (std::size_t i = 0; i < 9; ++i) {
      const double entry = found.vectors(k, i);
      largest = std::abs(entry) > std::abs(largest) ? entry : largest;
      squares += entry * entry;
    }
    EXPECT_GT(largest, 0) << "vector " << k;
    EXPECT_NEAR(squares, 1, 1e-12);
    EXPECT_LE(found.values[k], found.values[k > 0 ? k - 1 : 0]);
  }
  EXPECT_LT(found.residual, 1e-12);
  EXPECT_LT(found.orthogonality, 1e-12);
}

TEST(Spectrum, RefusesWhatIsNotFiniteAndSaysWhere) {
  EXPECT_THAT([] { spectrum_of(two_by_two(1, std::nan(""), 1)); },
              ::testing::ThrowsMessage<InputError>(::testing::HasSubstr("entry 1, 2")));
}

}  // namespace
}  // namespace regent::covariance
