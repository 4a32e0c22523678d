#include <gtest/gtest.h>

#include <cmath>

#include "base/philox.hpp"
#include "cuda/trading/log1p_body.hpp"

namespace regent::cuda {
namespace {

// The reference is long double log1p of the C library (64-bit mantissa on x86).
double error_in_ulp(double x) {
  const long double exact = std::log1p(static_cast<long double>(x));
  const double ulp = std::abs(std::nextafter(static_cast<double>(exact), 1e300) - static_cast<double>(exact));
  return static_cast<double>(std::abs(static_cast<long double>(log1p_body(x)) - exact) / ulp);
}

TEST(Log1pBody, StaysWithinThreeUlpOfTheLongDoubleLibraryOnDailyReturns) {
  const Random random{7};
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const Philox4 bits = random.bits(i, 0, 0, Purpose::none);
    const double magnitude = std::pow(10.0, -16 + 15.9 * uniform_from_bits(bits.x, bits.y));
    const double x = (bits.z & 1U) != 0 ? magnitude : -magnitude;
    ASSERT_LE(error_in_ulp(x), 3.0) << "x = " << x << ", seed 7, draw " << i;
  }
}

TEST(Log1pBody, StaysWithinThreeUlpOverTheWholeDomain) {
  const Random random{8};
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const Philox4 bits = random.bits(i, 0, 0, Purpose::none);
    const double x = std::expm1(-20 + 300 * uniform_from_bits(bits.x, bits.y));
    if (x <= -1) continue;
    ASSERT_LE(error_in_ulp(x), 3.0) << "x = " << x << ", seed 8, draw " << i;
  }
}

TEST(Log1pBody, IsExactlyZeroAtZero) {
  EXPECT_EQ(log1p_body(0.0), 0.0);
}

}  // namespace
}  // namespace regent::cuda
