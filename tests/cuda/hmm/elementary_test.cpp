// exp and log of the bodies against long double, in units in the last place.
#include "cuda/hmm/elementary_body.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace regent::cuda::hmm {
namespace {

template <class T>
double ulps(T got, long double right) {
  const T rounded = static_cast<T>(right);
  if (got == rounded) return 0;
  const T unit = std::nextafter(std::abs(rounded), std::numeric_limits<T>::infinity()) - std::abs(rounded);
  return static_cast<double>(std::abs(static_cast<long double>(got) - right) / unit);
}

template <class T>
double worst_exponential(double low, double high, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const T x = static_cast<T>(uniform(engine));
    worst = std::max(worst, ulps(exponential(x), std::exp(static_cast<long double>(x))));
  }
  return worst;
}

template <class T>
double worst_power_of_two(double low, double high, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const T y = static_cast<T>(uniform(engine));
    worst = std::max(worst, ulps(power_of_two(y), std::exp2(static_cast<long double>(y))));
  }
  return worst;
}

template <class T>
double worst_logarithm(double low_exponent, double high_exponent, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low_exponent, high_exponent);
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const T x = static_cast<T>(std::exp2(uniform(engine)));
    worst = std::max(worst, ulps(logarithm(x), std::log(static_cast<long double>(x))));
  }
  return worst;
}

TEST(Exponential, FloatIsWithinTwoUlpOverItsWholeRange) {
  EXPECT_LE(worst_exponential<float>(-87.3, 88.3, 1), 2.0);
  EXPECT_LE(worst_exponential<float>(-1, 0, 2), 2.0);
}

TEST(Exponential, DoubleIsWithinTwoUlpOverItsWholeRange) {
  EXPECT_LE(worst_exponential<double>(-708, 709, 3), 2.0);
  EXPECT_LE(worst_exponential<double>(-1, 0, 4), 2.0);
}

TEST(Exponential, IsExactAtZeroAndEmptyBelowItsRange) {
  EXPECT_EQ(exponential(0.0F), 1.0F);
  EXPECT_EQ(exponential(0.0), 1.0);
  EXPECT_EQ(exponential(-100.0F), 0.0F);
  EXPECT_EQ(exponential(-2e30F), 0.0F);
  EXPECT_EQ(exponential(-1000.0), 0.0);
  EXPECT_EQ(exponential(-std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_TRUE(std::isfinite(exponential(1000.0F)));
  EXPECT_TRUE(std::isnan(exponential(std::nanf(""))));
  EXPECT_TRUE(std::isnan(exponential(std::nan(""))));
}

TEST(PowerOfTwo, IsWithinTwoUlpOverItsWholeRange) {
  EXPECT_LE(worst_power_of_two<float>(-125.4, 126, 13), 2.0);
  EXPECT_LE(worst_power_of_two<float>(-2, 0, 14), 2.0);
  EXPECT_LE(worst_power_of_two<double>(-1021.4, 1022, 15), 2.0);
  EXPECT_LE(worst_power_of_two<double>(-2, 0, 16), 2.0);
}

TEST(PowerOfTwo, IsExactAtWholeNumbersAndEmptyBelowItsRange) {
  EXPECT_EQ(power_of_two(0.0F), 1.0F);
  EXPECT_EQ(power_of_two(-3.0F), 0.125F);
  EXPECT_EQ(power_of_two(-3.0), 0.125);
  EXPECT_EQ(power_of_two(127.0F), 0x1p127F);
  EXPECT_EQ(power_of_two(1023.0), 0x1p1023);
  EXPECT_EQ(power_of_two(-125.0F), 0x1p-125F);
  EXPECT_EQ(power_of_two(-125.6F), 0.0F);
  EXPECT_EQ(power_of_two(-1021.0), 0x1p-1021);
  EXPECT_EQ(power_of_two(-1021.6), 0.0);
  EXPECT_EQ(power_of_two(-130.0F), 0.0F);
  EXPECT_EQ(power_of_two(-2e30F), 0.0F);
  EXPECT_EQ(power_of_two(-1100.0), 0.0);
  EXPECT_EQ(power_of_two(-std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_EQ(power_of_two(-std::numeric_limits<float>::infinity()), 0.0F);
  EXPECT_TRUE(std::isnan(power_of_two(std::nanf(""))));
  EXPECT_TRUE(std::isnan(power_of_two(std::nan(""))));
}

TEST(Logarithm, FloatIsWithinTwoUlpFromSubnormalToLargest) {
  EXPECT_LE(worst_logarithm<float>(-126, 127, 5), 2.0);
  EXPECT_LE(worst_logarithm<float>(-148, -126, 6), 2.0);
  EXPECT_LE(worst_logarithm<float>(-1, 1, 7), 2.0);
}

TEST(Logarithm, DoubleIsWithinTwoUlpFromSubnormalToLargest) {
  EXPECT_LE(worst_logarithm<double>(-1022, 1023, 8), 2.0);
  EXPECT_LE(worst_logarithm<double>(-1073, -1022, 9), 2.0);
  EXPECT_LE(worst_logarithm<double>(-1, 1, 10), 2.0);
}

TEST(Logarithm, SaysWhatIsNotALogarithm) {
  EXPECT_EQ(logarithm(1.0F), 0.0F);
  EXPECT_EQ(logarithm(1.0), 0.0);
  EXPECT_EQ(logarithm(0.0F), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(logarithm(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(logarithm(-1.0F)));
  EXPECT_TRUE(std::isnan(logarithm(std::nan(""))));
  EXPECT_EQ(logarithm(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
}

template <class T>
double worst_log_one_plus(double low_exponent, double high_exponent, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low_exponent, high_exponent);
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const T x = static_cast<T>(std::exp2(uniform(engine)));
    worst = std::max(worst, ulps(log_one_plus(x), std::log1p(static_cast<long double>(x))));
  }
  return worst;
}

TEST(LogOnePlus, IsWithinThreeUlpFromTinyToHuge) {
  EXPECT_LE(worst_log_one_plus<float>(-120, 120, 11), 3.0);
  EXPECT_LE(worst_log_one_plus<float>(-10, 2, 12), 3.0);
  EXPECT_LE(worst_log_one_plus<double>(-1000, 1000, 13), 3.0);
  EXPECT_LE(worst_log_one_plus<double>(-20, 2, 14), 3.0);
}

TEST(LogOnePlus, SaysWhatIsNotANumberOrFinite) {
  EXPECT_EQ(log_one_plus(0.0F), 0.0F);
  EXPECT_EQ(log_one_plus(0.0), 0.0);
  EXPECT_TRUE(std::isnan(log_one_plus(std::nanf(""))));
  EXPECT_EQ(log_one_plus(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
}

TEST(PowersOfTwo, ScaleExactly) {
  for (int e = -120; e <= 120; ++e) {
    const float x = std::ldexp(1.3F, e);
    float mantissa = 0;
    EXPECT_EQ(Lanes<float>::split(x, mantissa), static_cast<float>(e));
    EXPECT_EQ(mantissa, 1.3F);
    EXPECT_EQ(x * Lanes<float>::inverse_power_of_two(x), 1.3F);
  }
}

}  // namespace
}  // namespace regent::cuda::hmm
