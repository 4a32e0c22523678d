#include "scenario/risk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "base/normal.hpp"
#include "base/philox.hpp"

namespace regent::scenario {
namespace {

std::vector<double> profits_from_losses(int n) {
  std::vector<double> profits;
  for (int loss = n; loss >= 1; --loss) profits.push_back(-loss);
  return profits;
}

TEST(Risk, TakesTheOrderStatisticAndTheMeanBeyondIt) {
  const Risk risk = risk_of(profits_from_losses(1000), 0.99);
  EXPECT_EQ(risk.value_at_risk, 990);                // 990 losses are at most that, as many as 99 %
  EXPECT_DOUBLE_EQ(risk.expected_shortfall, 995.5);  // of 991 … 1000
  EXPECT_LE(risk.var_low, 990);
  EXPECT_GE(risk.var_high, 990);
}

TEST(Risk, CountsALossByItsFractionWhereTheTailIsNoWholeNumber) {
  // n·(1 − level) = 2.5: 50, 49 and half of 48
  const Risk risk = risk_of(profits_from_losses(50), 0.95);
  EXPECT_EQ(risk.value_at_risk, 48);
  EXPECT_NEAR(risk.expected_shortfall, (50 + 49 + 0.5 * 48) / 2.5, 1e-12);
}

TEST(Risk, OfSortedProfitsIsThatOfThemInAnyOrder) {
  std::vector<double> profits;
  for (std::uint32_t i = 0; i < 333; ++i) profits.push_back(std::sin(17.0 * i) - 0.2);
  const Risk any = risk_of(profits, 0.95);
  std::sort(profits.begin(), profits.end());
  const Risk sorted = risk_of_sorted(profits, 0.95);
  EXPECT_EQ(sorted.value_at_risk, any.value_at_risk);
  EXPECT_EQ(sorted.expected_shortfall, any.expected_shortfall);
  EXPECT_EQ(sorted.var_low, any.var_low);
  EXPECT_EQ(sorted.var_high, any.var_high);
  EXPECT_EQ(sorted.es_high, any.es_high);
  EXPECT_NEAR(sorted.value_at_risk, -profits[16], 1e-15);  // ⌈333·0.95⌉ = 317, the 17th worst
}

TEST(Risk, OfOnePathIsThatPath) {
  const std::vector<double> one{-0.25};
  const Risk risk = risk_of(one, 0.99);
  EXPECT_EQ(risk.value_at_risk, 0.25);
  EXPECT_NEAR(risk.expected_shortfall, 0.25, 1e-12);
}

TEST(Risk, BandsHoldAsOftenAsTheySayForNormalProfits) {
  constexpr int samples = 400, n = 500;
  const double var = 1.644853627, es = 2.062712808;
  int var_held = 0, es_held = 0;
  double mean_es = 0;
  for (std::uint32_t s = 0; s < samples; ++s) {
    std::vector<double> profits;
    for (std::uint32_t i = 0; i < n; ++i) {
      const Philox4 bits = Random{3}.bits(s, i, 0, Purpose::none);
      profits.push_back(normal_quantile(uniform_from_bits(bits.x, bits.y)));
    }
    const Risk risk = risk_of(profits, 0.95);
    var_held += risk.var_low <= var && var <= risk.var_high;
    es_held += risk.es_low <= es && es <= risk.es_high;
    mean_es += risk.expected_shortfall / samples;
  }
  EXPECT_NEAR(var_held, 0.95 * samples, 4 * std::sqrt(samples * 0.95 * 0.05)) << "seed 3";
  EXPECT_GT(es_held, 0.88 * samples);
  EXPECT_LT(es_held, 0.99 * samples);
  EXPECT_NEAR(mean_es, es, 0.02);  // no bias beyond what samples of 500 leave
}

TEST(Risk, RefusesWhatHasNoRisk) {
  EXPECT_THROW(risk_of({}, 0.99), InputError);
  EXPECT_THROW(risk_of(std::vector<double>{0.1, std::nan("")}, 0.99), InputError);
  EXPECT_THROW(risk_of(std::vector<double>{0.1}, 1.0), InputError);
}

TEST(Share, HasWilsonsBand) {
  const Share none = share_of(0, 1000), some = share_of(81, 263);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.003826, 2e-6);  // z² / (n + z²)
  EXPECT_NEAR(some.low, 0.2553, 1e-4);     // Newcombe (1998), table I
  EXPECT_NEAR(some.high, 0.3662, 1e-4);
}

TEST(Quantile, OfTheNormalLawIsThatOfTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.01), -2.326347874040841, 1e-12);
}

}  // namespace
}  // namespace regent::scenario
