#include "allocation/allocator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/config/config.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

// Prices of `symbols` random walks with daily volatilities 1 %, 2 %, 3 % … and one common factor.
class Walk {
 public:
  Walk(std::size_t symbols, std::uint64_t seed, double common = 0.5)
      : prices(symbols, 100.0), generator_(seed), common_(common) {}
  double volatility(std::size_t i) const { return 0.01 * static_cast<double>(i + 1); }
  double covariance(std::size_t i, std::size_t j) const {
    return volatility(i) * volatility(j) * (i == j ? 1.0 : common_ * common_);
  }
  std::vector<double> next() {
    const double factor = normal_(generator_);
    std::vector<double> returns(prices.size());
    for (std::size_t i = 0; i < prices.size(); ++i) {
      returns[i] =
          volatility(i) * (common_ * factor + std::sqrt(1 - common_ * common_) * normal_(generator_));
      prices[i] *= std::exp(returns[i]);
    }
    return returns;
  }
  std::vector<double> prices;

 private:
  std::mt19937_64 generator_;
  std::normal_distribution<double> normal_;
  double common_;
};

double gross(const std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) sum += std::abs(w);
  return sum;
}

TEST(Allocator, HitsTheTargetVolatilityWhereTheCovarianceIsKnown) {
  AllocatorSettings settings = test::uncapped();
  settings.half_life_bars = 2000;
  Allocator allocator(settings, 4);
  Walk walk(4, 11);
  for (int bar = 0; bar < 6000; ++bar) {
    walk.next();
    allocator.update(walk.prices);
  }
  const auto out = allocator.allocate(std::vector<double>{1.0, -0.5, 0.25, 0.8});
  double variance = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) variance += out.weights[i] * out.weights[j] * walk.covariance(i, j);
  }
  EXPECT_NEAR(std::sqrt(variance * 252), 0.10, 0.005);  // the truth, not the estimate
  EXPECT_NEAR(out.predicted_volatility, 0.10, 1e-12);
}

TEST(Allocator, EqualsItsDefinitionWrittenOut) {
  const AllocatorSettings settings = test::uncapped();
  constexpr std::size_t symbols = 3;
  Allocator allocator(settings, symbols);
  Walk walk(symbols, 5);
  std::vector<std::vector<double>> returns;
  allocator.update(walk.prices);
  for (int bar = 0; bar < 90; ++bar) {
    returns.push_back(walk.next());
    allocator.update(walk.prices);
  }
  double covariance[symbols][symbols] = {};
  double age = 0;
  for (std::size_t k = 0; k < returns.size(); ++k) {
    const double weight = std::pow(0.5, static_cast<double>(returns.size() - 1 - k) / 33.0);
    age += weight;
    for (std::size_t i = 0; i < symbols; ++i) {
      for (std::size_t j = 0; j < symbols; ++j) covariance[i][j] += weight * returns[k][i] * returns[k][j];
    }
  }
  const std::vector<double> convictions{0.9, -0.3, 0.4};
  std::vector<double> raw(symbols);
  double variance = 0;
  for (std::size_t i = 0; i < symbols; ++i) raw[i] = convictions[i] / std::sqrt(covariance[i][i] / age * 252);
  for (std::size_t i = 0; i < symbols; ++i) {
    for (std::size_t j = 0; j < symbols; ++j) variance += raw[i] * raw[j] * covariance[i][j] / age * 252;
  }
  const auto out = allocator.allocate(convictions);
  for (std::size_t i = 0; i < symbols; ++i) {
    EXPECT_NEAR(out.weights[i], raw[i] * 0.10 / std::sqrt(variance), 1e-9) << i;
    EXPECT_NEAR(allocator.volatility(i), std::sqrt(covariance[i][i] / age * 252), 1e-9);
  }
}

TEST(Allocator, NeverExceedsItsCapsNorItsBudget) {
  const std::uint64_t seed = 20240607;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int round = 0; round < 200; ++round) {
    AllocatorSettings settings;
    settings.position_max = 0.02 + 0.3 * std::abs(uniform(generator));
    settings.gross_max = 0.1 + 2 * std::abs(uniform(generator));
    settings.target_volatility = 0.01 + 0.4 * std::abs(uniform(generator));
    settings.risk = round % 2 == 0 ? RiskScale::full : RiskScale::conviction;
    Allocator allocator(settings, 6);
    Walk walk(6, generator(), 0.9 * std::abs(uniform(generator)));
    for (int bar = 0; bar < 60; ++bar) {
      walk.next();
      std::vector<double> closes = walk.prices;
      if (round % 3 == 0 && bar % 7 == 3) closes[static_cast<std::size_t>(bar) % 6] = missing;
      allocator.update(closes);
    }
    std::vector<double> convictions(6);
    for (double& c : convictions) c = uniform(generator);
    const auto out = allocator.allocate(convictions);
    for (const double w : out.weights) EXPECT_LE(std::abs(w), settings.position_max);
    EXPECT_LE(gross(out.weights), settings.gross_max * (1 + 1e-12));
    EXPECT_LE(out.predicted_volatility, settings.target_volatility * (1 + 1e-9));
    EXPECT_GT(gross(out.weights), 0);
  }
}

TEST(Allocator, SaysWhichCapsBound) {
  AllocatorSettings settings = test::uncapped();
  settings.position_max = 0.2;
  settings.gross_max = 0.25;
  Allocator allocator(settings, 3);
  Walk walk(3, 3, 0.0);
  for (int bar = 0; bar < 60; ++bar) {
    walk.next();
    allocator.update(walk.prices);
  }
  const auto out = allocator.allocate(std::vector<double>{1, 0.01, 1});
  EXPECT_EQ(out.position_capped, (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_TRUE(out.gross_capped);
  EXPECT_NEAR(out.uncapped_volatility, 0.10, 1e-12);
  EXPECT_LT(out.predicted_volatility, 0.10);
  EXPECT_NEAR(gross(out.weights), 0.25, 1e-12);
}

TEST(Allocator, ACappedHedgeLeavesNoMoreRiskThanTheBudget) {
  AllocatorSettings settings = test::uncapped();
  settings.position_max = 1.5;
  Allocator allocator(settings, 2);
  Walk walk(2, 8, 0.999);  // nearly one asset: opposite positions hedge, until a cap takes one side away
  for (int bar = 0; bar < 100; ++bar) {
    walk.next();
    allocator.update(walk.prices);
  }
  const auto out = allocator.allocate(std::vector<double>{1, -1});
  EXPECT_EQ(out.position_capped[0], 1);
  EXPECT_LE(out.predicted_volatility, 0.10 + 1e-12);
  EXPECT_GT(gross(out.weights), 0);
}

TEST(Allocator, ZeroConvictionsGiveZeroWeights) {
  Allocator allocator(test::uncapped(), 3);
  Walk walk(3, 1);
  for (int bar = 0; bar < 60; ++bar) {
    walk.next();
    allocator.update(walk.prices);
  }
  const auto out = allocator.allocate(std::vector<double>{0, 0, 0});
  EXPECT_EQ(out.weights, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(out.predicted_volatility, 0);
}

TEST(Allocator, DoesNotCareInWhatMoneyPricesAreQuoted) {
  Allocator dollars(test::uncapped(), 3), cents(test::uncapped(), 3);
  Walk walk(3, 2);
  for (int bar = 0; bar < 60; ++bar) {
    walk.next();
    dollars.update(walk.prices);
    std::vector<double> scaled = walk.prices;
    for (double& p : scaled) p *= 128;  // a power of two changes no rounding
    cents.update(scaled);
  }
  const std::vector<double> convictions{0.5, -0.2, 1};
  const auto a = dollars.allocate(convictions).weights, b = cents.allocate(convictions).weights;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
}

TEST(Allocator, FullRiskIgnoresTheSizeOfConvictionsAndConvictionRiskFollowsIt) {
  for (const RiskScale risk : {RiskScale::full, RiskScale::conviction}) {
    AllocatorSettings settings = test::uncapped();
    settings.risk = risk;
    Allocator allocator(settings, 3);
    Walk walk(3, 2);
    for (int bar = 0; bar < 60; ++bar) {
      walk.next();
      allocator.update(walk.prices);
    }
    const auto whole = allocator.allocate(std::vector<double>{0.8, -0.4, 0.6});
    const auto half = allocator.allocate(std::vector<double>{0.4, -0.2, 0.3});
    const double factor = risk == RiskScale::full ? 1.0 : 0.5;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(half.weights[i], factor * whole.weights[i], 1e-12);
    if (risk == RiskScale::conviction) {
      EXPECT_NEAR(whole.predicted_volatility, 0.10 * std::sqrt((0.64 + 0.16 + 0.36) / 3), 1e-12);
    }
  }
}

TEST(Allocator, AMissingSymbolKeepsItsCovarianceAndWaits) {
  Allocator allocator(test::uncapped(), 2);
  Walk walk(2, 4);
  for (int bar = 0; bar < 80; ++bar) {
    walk.next();
    allocator.update(walk.prices);
  }
  const double before = allocator.volatility(1);
  for (int bar = 0; bar < 30; ++bar) {
    walk.next();
    allocator.update(std::vector<double>{walk.prices[0], missing});
  }
  EXPECT_EQ(allocator.volatility(1), before);
  EXPECT_TRUE(allocator.has_covariance(1));
  const auto out = allocator.allocate(std::vector<double>{1, 1});
  EXPECT_TRUE(std::isfinite(out.predicted_volatility));
  EXPECT_NE(out.weights[1], 0);
}

TEST(Allocator, AReturnOverAGapCountsAsOneOfItsLength) {
  AllocatorSettings settings = test::uncapped();
  settings.warmup_bars = 1;
  Allocator allocator(settings, 1);
  allocator.update(std::vector<double>{100});
  for (int bar = 0; bar < 3; ++bar) allocator.update(std::vector<double>{missing});
  allocator.update(std::vector<double>{104});
  EXPECT_NEAR(allocator.volatility(0), std::log(1.04) / 2 * std::sqrt(252.0), 1e-12);
}

TEST(Allocator, ASymbolWithoutEnoughReturnsOrWithoutMovementGetsNoWeight) {
  Allocator allocator(test::uncapped(), 3);
  Walk walk(3, 6);
  for (int bar = 0; bar < 100; ++bar) {
    walk.next();
    // the second was listed 20 bars ago, the third never moves
    allocator.update(std::vector<double>{walk.prices[0], bar < 80 ? missing : walk.prices[1], 50.0});
  }
  EXPECT_TRUE(allocator.warm());
  EXPECT_FALSE(allocator.has_covariance(1));
  EXPECT_FALSE(allocator.has_covariance(2));
  EXPECT_TRUE(std::isnan(allocator.volatility(1)));
  const auto out = allocator.allocate(std::vector<double>{1, 1, 1});
  EXPECT_GT(out.weights[0], 0);
  EXPECT_EQ(out.weights[1], 0);
  EXPECT_EQ(out.weights[2], 0);
}

TEST(Allocator, IsWarmAfterItsWarmUpAndNotBefore) {
  AllocatorSettings settings = test::uncapped();
  settings.warmup_bars = 10;
  Allocator allocator(settings, 2);
  Walk walk(2, 7);
  for (int bar = 0; bar < 10; ++bar) {
    walk.next();
    allocator.update(walk.prices);
    EXPECT_FALSE(allocator.warm()) << bar;
  }
  walk.next();
  allocator.update(walk.prices);
  EXPECT_TRUE(allocator.warm());
}

TEST(Allocator, PairsSeenOnDifferentBarsStillGiveARealRisk) {
  // Three symbols that are never all present: every pair was seen in another market, so that the pairwise
  // correlations
  // (+1, +1, −1) are those of no three series at all.
  AllocatorSettings settings = test::uncapped();
  settings.warmup_bars = 5;
  settings.half_life_bars = 1000;
  Allocator allocator(settings, 3);
  std::vector<double> prices{100, 100, 100};
  allocator.update(prices);
  std::mt19937_64 generator(9);
  std::normal_distribution<double> normal(0, 0.01);
  for (int bar = 0; bar < 300; ++bar) {
    const double move = std::exp(normal(generator));
    const int absent = bar % 3;
    std::vector<double> closes(3, missing);
    for (int i = 0; i < 3; ++i) {
      if (i == absent) continue;
      const bool against = absent == 0 && i == 2;  // the pair (1, 2) moves in opposite directions
      prices[static_cast<std::size_t>(i)] *= against ? 1 / move : move;
      closes[static_cast<std::size_t>(i)] = prices[static_cast<std::size_t>(i)];
    }
    allocator.update(closes);
  }
  for (const std::vector<double>& convictions :
       {std::vector<double>{-1, 1, 1}, {1, 1, 1}, {1, -1, 0}, {1, 0, -1}, {0, 1, 1}}) {
    const auto out = allocator.allocate(convictions);
    EXPECT_GT(out.predicted_volatility, 0);
    EXPECT_LE(out.predicted_volatility, 0.10 + 1e-9);
    for (const double w : out.weights) EXPECT_LE(std::abs(w), 100);
  }
}

TEST(AllocatorDeathTest, ANaNConvictionIsABrokenInvariant) {
  Allocator allocator(test::uncapped(), 1);
  EXPECT_DEATH(allocator.allocate(std::vector<double>{missing}), "conviction");
}

TEST(AllocatorSettings, ComeFromTheConfiguration) {
  const Config config = Config::from_toml(
      "[allocator]\ntarget_volatility = 0.2\nhalf_life_bars = 20\nposition_max = 0.3\ngross_max = 2\n"
      "warmup_bars = 7\nrisk = \"full\"\n",
      "test");
  const AllocatorSettings settings = allocator_settings(config, 365);
  EXPECT_EQ(settings.target_volatility, 0.2);
  EXPECT_EQ(settings.half_life_bars, 20);
  EXPECT_EQ(settings.position_max, 0.3);
  EXPECT_EQ(settings.gross_max, 2);
  EXPECT_EQ(settings.warmup_bars, 7);
  EXPECT_EQ(settings.risk, RiskScale::full);
  EXPECT_EQ(settings.periods_per_year, 365);
}

}  // namespace
}  // namespace regent::allocation
