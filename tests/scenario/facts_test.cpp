// Each fact against its formula, on series for which it can be written down.

#include "scenario/facts.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace regent::scenario {
namespace {

double fact_named(const std::vector<Fact>& facts, const std::string& name) {
  for (const Fact& fact : facts) {
    if (fact.name == name) return fact.value;
  }
  ADD_FAILURE() << "no fact " << name;
  return 0;
}

// Log returns of one asset from its simple ones.
std::vector<double> logs(const std::vector<double>& simple) {
  std::vector<double> x;
  for (const double value : simple) x.push_back(std::log1p(value));
  return x;
}

double fact_of(const std::vector<double>& simple, const std::string& name) {
  const std::vector<double> weights{1};
  return fact_named(stylised_facts(logs(simple), 1, weights), name);
}

TEST(Facts, TakeHillsIndexOfTheWorstTwentieth) {
  // losses 0.001·(j/n)^(−1/3) in an order that is not theirs, and as many gains
  constexpr int n = 400, k = 40;  // 5 % of 800
  std::vector<double> simple;
  for (int i = 0; i < n; ++i) {
    const int j = i * 7 % n + 1;
    simple.push_back(-0.001 * std::cbrt(static_cast<double>(n) / j));
    simple.push_back(0.0005 + 1e-6 * i);
  }
  double sum = 0;
  for (int j = 1; j <= k; ++j) sum += std::log(static_cast<double>(k + 1) / j) / 3;
  EXPECT_NEAR(fact_of(simple, "tail index of losses"), k / sum, 1e-9);
  EXPECT_NEAR(k / sum, 3.1, 0.15);  // of a law with index 3
}

TEST(Facts, TakeAutocorrelationsAtTheirLags) {
  // period 3: x = a, b, c with mean 0: autocorrelation −½ at lags that 3 does not divide, 1 at those that it
  // does
  std::vector<double> simple;
  for (int i = 0; i < 3000; ++i) simple.push_back(i % 3 == 0 ? 0.02 : -0.01);
  const double tolerance = 2e-3;  // the ends of the series
  EXPECT_NEAR(fact_of(simple, "autocorrelation, lag 1"), -0.5, tolerance);
  EXPECT_NEAR(fact_of(simple, "autocorrelation, mean of lags 2-10"), (3 - 6 * 0.5) / 9, tolerance);
  EXPECT_NEAR(fact_of(simple, "absolute returns, lag 1"), -0.5, tolerance);
  EXPECT_NEAR(fact_of(simple, "absolute returns, mean of lags 2-10"), 0, tolerance);
  EXPECT_NEAR(fact_of(simple, "absolute returns, mean of lags 11-40"), (10 - 20 * 0.5) / 30, tolerance);
}

TEST(Facts, TellClusteringFromCorrelation) {
  // blocks of fifty bars with alternating signs, large and small in turn
  std::vector<double> simple;
  for (int i = 0; i < 4000; ++i) simple.push_back((i % 2 == 0 ? 1 : -1) * (i / 50 % 2 == 0 ? 0.03 : 0.01));
  EXPECT_NEAR(fact_of(simple, "autocorrelation, lag 1"), -1, 0.02);
  EXPECT_NEAR(fact_of(simple, "absolute returns, lag 1"), 1 - 2.0 / 50, 0.01);
  EXPECT_NEAR(fact_of(simple, "absolute returns, mean of lags 2-10"), 1 - 2 * 6.0 / 50, 0.01);
  EXPECT_NEAR(fact_of(simple, "absolute returns, mean of lags 11-40"), 1 - 2 * 25.5 / 50, 0.02);
}

TEST(Facts, SeeLeverageWhereFallsComeBeforeLargeMoves) {
  // calm rises, then a fall that ten bars of large moves follow, then calm again
  std::vector<double> falls, rises;
  for (int i = 0; i < 2000; ++i) {
    const int at = i % 40;
    falls.push_back(at == 0 ? -0.03 : at > 10 ? 0.002 : i % 2 == 0 ? 0.04 : -0.04);
    rises.push_back(-falls.back());
  }
  // the correlation written out: returns before the last ten bars, mean squares of the ten bars after each
  const std::size_t n = falls.size() - 10;
  std::vector<double> ahead(n, 0);
  double x = 0, y = 0, xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t lag = 1; lag <= 10; ++lag) ahead[i] += falls[i + lag] * falls[i + lag] / 10;
    x += falls[i] / static_cast<double>(n);
    y += ahead[i] / static_cast<double>(n);
  }
  for (std::size_t i = 0; i < n; ++i) {
    xy += (falls[i] - x) * (ahead[i] - y);
    xx += (falls[i] - x) * (falls[i] - x);
    yy += (ahead[i] - y) * (ahead[i] - y);
  }
  EXPECT_LT(fact_of(falls, "leverage"), -0.15);
  EXPECT_NEAR(fact_of(falls, "leverage"), xy / std::sqrt(xx * yy), 1e-9);
  EXPECT_NEAR(fact_of(rises, "leverage"), -xy / std::sqrt(xx * yy), 1e-9);
}

TEST(Facts, TakeMeansOfTheAssetsOwnTails) {
  // losses of 1 … 4000 tenths of a basis point in an order that is not theirs, and twice as large ones
  constexpr int n = 4000;
  std::vector<double> returns;
  for (int i = 0; i < n; ++i) {
    const double loss = 1e-5 * (i * 7 % n + 1);
    returns.push_back(std::log1p(-loss));
    returns.push_back(std::log1p(-2 * loss));
  }
  const std::vector<double> weights{0.5, 0.5};
  const auto facts = stylised_facts(returns, 2, weights);
  EXPECT_NEAR(fact_named(facts, "VaR 99 %, mean of assets"), 1.5e-5 * 3960, 1e-12);
  EXPECT_NEAR(fact_named(facts, "ES 99 %, mean of assets"), 1.5e-5 * 3980.5, 1e-12);  // of 3961 … 4000
  EXPECT_NEAR(fact_named(facts, "VaR 99.9 %, mean of assets"), 1.5e-5 * 3996, 1e-12);
  // uniform: 9/5 − 3, with n values (n² + 1)/(n² − 1) of 6/5
  EXPECT_NEAR(fact_named(facts, "excess kurtosis, mean of assets"), -1.2, 0.05);
  const std::vector<double> few(returns.begin(), returns.begin() + 2 * 150);
  EXPECT_TRUE(std::isnan(fact_named(stylised_facts(few, 2, weights), "VaR 99 %, mean of assets")));
}

TEST(Facts, SumBarsWithoutOverlap) {
  // every tenth group of five bars sums to 10 %, the others to 0: kurtosis of a law of two values
  std::vector<double> simple;
  for (int i = 0; i < 5000; ++i) simple.push_back(i / 5 % 10 == 0 ? 0.02 : i % 5 == 0 ? 0.04 : -0.01);
  const double p = 0.1;
  EXPECT_NEAR(fact_of(simple, "excess kurtosis of 5 bars"), (1 - 6 * p * (1 - p)) / (p * (1 - p)), 1e-6);
  // two of five sums of twenty bars hold one such group
  const double q = 0.4;
  EXPECT_NEAR(fact_of(simple, "excess kurtosis of 20 bars"), (1 - 6 * q * (1 - q)) / (q * (1 - q)), 1e-6);
}

TEST(Facts, OfTheWorstBarsAreCorrelatedAlone) {
  // two assets that move apart, but fall together in each twentieth bar, by different amounts
  std::vector<double> returns;
  for (int i = 0; i < 2000; ++i) {
    const double apart = (i % 2 == 0 ? 0.01 : -0.01) * (1 + i % 3);
    const double together = -0.05 * (1 + i / 20 % 5);
    returns.push_back(i % 20 == 0 ? together : apart);
    returns.push_back(i % 20 == 0 ? 2 * together : -apart);
  }
  const std::vector<double> weights{0.5, 0.5};
  const auto facts = stylised_facts(returns, 2, weights);
  EXPECT_NEAR(fact_named(facts, "correlation in the worst 5 %"), 1, 1e-9);
  EXPECT_LT(fact_named(facts, "correlation, mean of pairs"), 0.98);
}

// Two assets whose simple returns alternate, so that every strategy earns one of two numbers.
TEST(StrategyTails, AreThoseOfWeightsThatKnowTheBarsBefore) {
  const double a[] = {0.02, 0.01}, b[] = {-0.01, -0.004};
  std::vector<double> returns;
  for (int i = 0; i < 400; ++i) {
    returns.push_back(std::log1p(a[i % 2]));
    returns.push_back(std::log1p(b[i % 2]));
  }
  const auto facts = strategy_tails(returns, 2);
  const auto expect_worst = [&](const std::string& name, double wa, double wb) {
    const double worst = -std::min(wa * a[0] + wb * b[0], wa * a[1] + wb * b[1]);
    EXPECT_NEAR(fact_named(facts, name + " VaR 95 %"), worst, 1e-12) << name;
    EXPECT_NEAR(fact_named(facts, name + " ES 95 %"), worst, 1e-12) << name;
  };
  expect_worst("equal weights", 0.5, 0.5);
  expect_worst("momentum of 20 bars", 0.5, -0.5);
  expect_worst("reversal of 5 bars", -0.5, 0.5);
  expect_worst("trend of 50 bars", 0.5, 0.5);  // the market rises
  expect_worst("half against half", 0.5, -0.5);
  const double da = std::log1p(a[0]) - std::log1p(a[1]), db = std::log1p(b[1]) - std::log1p(b[0]);
  expect_worst("inverse volatility", db / (da + db), da / (da + db));
}

TEST(StrategyTails, HoldNothingInAFallingMarket) {
  std::vector<double> returns;
  for (int i = 0; i < 400; ++i) returns.push_back(i % 2 == 0 ? -0.02 : 0.01);
  EXPECT_EQ(fact_named(strategy_tails(returns, 1), "trend of 50 bars ES 95 %"), 0);
}

TEST(StrategyTails, DoNotKnowTheBarThatTheyEarn) {
  // a reversal that saw the bar itself would never lose; returns alternate with a growing size
  std::vector<double> returns;
  for (int i = 0; i < 300; ++i) returns.push_back((i % 2 == 0 ? 1 : -1) * 0.001 * (1 + i));
  EXPECT_GT(fact_named(strategy_tails(returns, 1), "momentum of 20 bars VaR 95 %"), 0.2);
}

}  // namespace
}  // namespace regent::scenario
