#include "rl/squashed_normal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace regent::rl {
namespace {

TEST(SquashedNormal, DensityIntegratesToOneOverAllActions) {
  for (const double mean : {-1.5, 0.0, 0.7}) {
    for (const double log_std : {-2.0, -0.5, 0.3}) {
      // over u = atanh(a), where the integrand p(a)·da/du is smooth
      double sum = 0;
      constexpr double step = 1e-3;
      for (double u = -25; u < 25; u += step) {
        const double slope = 1 / (std::cosh(u) * std::cosh(u));
        sum += std::exp(squashed_log_probability(u, mean, log_std)) * slope * step;
      }
      EXPECT_NEAR(sum, 1, 1e-6) << "mean " << mean << " log std " << log_std;
    }
  }
}

TEST(SquashedNormal, SlopeEqualsTheDirectFormulaInLongDoubleAndStaysFiniteFarOut) {
  for (double u = -15; u <= 15; u += 0.01) {
    const long double cosh = std::cosh(static_cast<long double>(u));
    EXPECT_NEAR(log_tanh_slope(u), static_cast<double>(-2 * std::log(cosh)), 1e-12) << u;
  }
  EXPECT_NEAR(log_tanh_slope(500), 2 * std::numbers::ln2 - 1000, 1e-9);
  EXPECT_NEAR(log_tanh_slope(-500), 2 * std::numbers::ln2 - 1000, 1e-9);
}

TEST(SquashedNormal, NoiseIsStandardNormalAndMadeAgainFromItsCounter) {
  constexpr std::uint32_t lanes = 300, steps = 300;
  std::vector<double> drawn;
  for (std::uint32_t step = 0; step < steps; ++step) {
    for (std::uint32_t lane = 0; lane < lanes; ++lane) drawn.push_back(action_noise(9, lane, step));
  }
  EXPECT_EQ(drawn[5 * lanes + 17], action_noise(9, 17, 5));
  EXPECT_NE(drawn[5 * lanes + 17], action_noise(10, 17, 5));
  std::sort(drawn.begin(), drawn.end());
  double distance = 0;  // Kolmogorov and Smirnov
  const auto count = static_cast<double>(drawn.size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const double law = 0.5 * std::erfc(-drawn[i] / std::numbers::sqrt2);
    distance = std::max({distance, std::abs(law - static_cast<double>(i) / count),
                         std::abs(law - static_cast<double>(i + 1) / count)});
  }
  EXPECT_LT(distance * std::sqrt(count), 1.95);  // 0.1 % quantile
}

}  // namespace
}  // namespace regent::rl
