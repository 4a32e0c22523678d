// The engine against prices and laws with closed forms. Fewer paths than bench/scenario's check of 10^7.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/philox.hpp"
#include "tests/cuda/scenario/laws.hpp"

namespace regent::cuda::scenario::test {
namespace {

constexpr std::int64_t paths = 1 << 18;
constexpr std::uint64_t seed = 20261127;

Outcomes outcomes(const Law& law, int steps, std::int64_t count = paths) {
  return run(Resources::make("cpu"), hold(law, steps, seed), 0, count);
}

void expect_within_three(const Estimate& estimate, double answer) {
  EXPECT_LT(estimate.standard_error, 0.01 * answer) << "the estimate says too little";
  EXPECT_NEAR(estimate.mean, answer, 3 * estimate.standard_error) << "seed " << seed;
}

TEST(Philox, GivesTheVectorsOfItsAuthors) {
  const Philox4 zeros = philox4x32_10({0, 0, 0, 0}, 0, 0);
  EXPECT_EQ(zeros.x, 0x6627e8d5U);
  EXPECT_EQ(zeros.y, 0xe169c58dU);
  EXPECT_EQ(zeros.z, 0xbc57ac4cU);
  EXPECT_EQ(zeros.w, 0x9b00dbd8U);
  const std::uint32_t ones = 0xffffffffU;
  const Philox4 all = philox4x32_10({ones, ones, ones, ones}, ones, ones);
  EXPECT_EQ(all.x, 0x408f276dU);
  EXPECT_EQ(all.y, 0x41c83b0eU);
  EXPECT_EQ(all.z, 0xa20bc7c6U);
  EXPECT_EQ(all.w, 0x6d5451fdU);
}

TEST(KnownAnswers, BlackScholesCallInOneStepAndInMany) {
  for (const int steps : {1, 12}) {
    SCOPED_TRACE(steps);
    const Law law = black_scholes(0.05, 0.2, 1, steps);
    expect_within_three(call(outcomes(law, steps), 100, 100, std::exp(-0.05)), 10.450583572186);
  }
}

TEST(KnownAnswers, MertonCallsWithFewLargeAndManySmallJumps) {
  const double discount = std::exp(-0.08 * 0.5);
  expect_within_three(call(outcomes(merton(0.08, 0.25, 1, 0.25, 0.5, 4), 4), 100, 100, discount),
                      8.9541950687);
  expect_within_three(call(outcomes(merton(0.08, 0.25, 5, 0.5, 0.5, 4), 4), 100, 100, discount),
                      8.9623323098);
}

TEST(KnownAnswers, HestonCall) {
  const HestonParameters p{0.01, 0.02, 0.04, 4, 0.25, 1, -0.5, 1};
  const Law law = heston(p, 100);
  expect_within_three(call(outcomes(law, 100, paths / 4), 100, 100, std::exp(-p.r)), 16.070154917);
}

TEST(KnownAnswers, GaussianValueAtRiskAndExpectedShortfall) {
  const Law law = one_asset(0, 0.01);
  std::vector<double> losses = outcomes(law, 1).final_equity;
  for (double& x : losses) x = -std::log(x) / 0.01;
  std::sort(losses.begin(), losses.end());
  const std::size_t tail = losses.size() / 100;
  const std::vector<double> worst(losses.end() - static_cast<std::ptrdiff_t>(tail), losses.end());
  const double var = worst.front(),
               density = std::exp(-0.5 * 2.326347874 * 2.326347874) / std::sqrt(2 * M_PI);
  EXPECT_NEAR(var, 2.326347874, 3 * std::sqrt(0.01 * 0.99 / static_cast<double>(paths)) / density);
  // variance of the mean above a quantile: (V + 0.99·(ES − VaR)²) / (0.01·n)
  const Estimate mean = mean_of(worst, [](double x) { return x; });
  const double spread = 2.665214220 - 2.326347874;
  const double error = std::sqrt(mean.standard_error * mean.standard_error +
                                 0.99 * spread * spread / (0.01 * static_cast<double>(paths)));
  EXPECT_NEAR(mean.mean, 2.665214220, 3 * error);
}

TEST(KnownAnswers, StationaryLawOfThreeRegimes) {
  const Law law = chain({.95, .04, .01, .06, .9, .04, .05, .15, .8});
  const Outcomes out = outcomes(law, 150, paths / 4);
  const double answer[3] = {.53639847, .36398467, .09961686};
  for (int k = 0; k < 3; ++k) {
    const double share = static_cast<double>(std::ranges::count(out.final_regime, k)) / (paths / 4);
    EXPECT_NEAR(share, answer[k], 3 * std::sqrt(answer[k] * (1 - answer[k]) / (paths / 4))) << "regime " << k;
  }
}

}  // namespace
}  // namespace regent::cuda::scenario::test
