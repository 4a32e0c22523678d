// ψ and log Γ of the bodies against long double.
#include "cuda/hmm/gamma_body.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::cuda::hmm {
namespace {

TEST(DigammaGap, EqualsTheDerivativeOfLogGammaLessTheLogarithm) {
  for (double x = 0.5; x < 1000; x *= 1.07) {
    const double right = digamma(x) - std::log(x);
    EXPECT_NEAR(digamma_gap(x), right, 2e-11) << x;
    EXPECT_NEAR(digamma_gap(static_cast<float>(x)), right, 1e-6) << x;
  }
}

TEST(DigammaGap, HasItsKnownValues) {
  // ψ(1) = −γ, ψ(½) = −γ − 2·ln 2
  const double euler = 0.57721566490153286061;
  EXPECT_NEAR(digamma_gap(1.0), -euler, 1e-13);
  EXPECT_NEAR(digamma_gap(0.5), -euler - 2 * std::log(2) - std::log(0.5), 1e-13);
  EXPECT_NEAR(digamma_gap(1e6) / (-0.5e-6 - 1e-12 / 12), 1, 1e-14);
  EXPECT_TRUE(std::isnan(digamma_gap(std::nan(""))));
}

TEST(LogGammaStep, EqualsTheDifferenceOfLogGammas) {
  for (double x = 0.01; x < 1000; x *= 1.07) {
    const long double right = reference::log_gamma(x + 0.5L) - reference::log_gamma(x) -
                              0.5L * std::log(static_cast<long double>(x));
    EXPECT_NEAR(log_gamma_step(x), static_cast<double>(right), 1e-13) << x;
  }
  EXPECT_NEAR(log_gamma_step(0.5), -0.5 * std::log(M_PI) + 0.5 * std::log(2), 1e-13);
}

}  // namespace
}  // namespace regent::cuda::hmm
