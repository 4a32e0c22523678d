#include "allocation/weights.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "allocation/allocate.hpp"
#include "allocation/budget.hpp"
#include "base/error.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

KnownRisk known(covariance::Matrix covariance) {
  KnownRisk risk;
  for (std::size_t i = 0; i < covariance.size; ++i) risk.held.push_back(i);
  risk.absent.assign(covariance.size, Absence::none);
  risk.covariance = std::move(covariance);
  risk.rows = 1000;
  return risk;
}

TEST(Weights, OfTwoAssetsEqualTheirClosedForm) {
  // raw (1, 1) over volatilities 0.1 and 0.2 at correlation ½: √(w'Σw) = s √(1 + 1 + 1) = 0.15
  const auto out =
      weights_of(test::pair(0.1, 0.2, 0.5), std::vector<double>{10, 5}, 0.15, {}, test::uncapped());
  const double s = 0.15 / std::sqrt(3);
  EXPECT_NEAR(out.weights[0], s / 0.1, 1e-12);
  EXPECT_NEAR(out.weights[1], s / 0.2, 1e-12);
  EXPECT_NEAR(out.predicted_volatility, 0.15, 1e-12);
  EXPECT_NEAR(out.uncapped_volatility, 0.15, 1e-12);
}

TEST(Weights, CorrelatedPositionsLoseRiskThatNobodyGets) {
  AllocatorSettings settings = test::uncapped();
  settings.derisk_from = 0.7;
  const auto covariance = test::pair(0.2, 0.2, 0.9);
  const auto out = weights_of(covariance, std::vector<double>{1, 1}, 0.1, {}, settings);
  const double kept = 1 - 0.5 * (0.9 - 0.7) / 0.3;
  EXPECT_NEAR(out.kept[0], kept, 1e-12);
  EXPECT_NEAR(out.predicted_volatility, 0.1 * kept, 1e-12);
  EXPECT_NEAR(out.uncapped_volatility, 0.1, 1e-12);
  settings.derisk_from = 1;
  EXPECT_NEAR(weights_of(covariance, std::vector<double>{1, 1}, 0.1, {}, settings).predicted_volatility, 0.1,
              1e-12);
}

TEST(Weights, MoveAPartOfTheWayThatThePenaltySays) {
  AllocatorSettings settings = test::uncapped();
  settings.turnover_penalty = 3;
  const auto covariance = test::pair(0.2, 0.3, 0);
  const std::vector<double> raw{1, 0}, before{0.1, -0.02};
  const double aim = 0.1 / 0.2;
  const auto out = weights_of(covariance, raw, 0.1, before, settings);
  EXPECT_NEAR(out.weights[0], (aim + 3 * 0.1) / 4, 1e-12);
  EXPECT_NEAR(out.weights[1], 3 * -0.02 / 4, 1e-12);
  EXPECT_NEAR(weights_of(covariance, raw, 0.1, {}, settings).weights[0], aim, 1e-12)
      << "from nothing: at once";
  settings.turnover_penalty = 0;
  EXPECT_NEAR(weights_of(covariance, raw, 0.1, before, settings).weights[1], 0, 1e-12);
}

TEST(Weights, APartOfTheWayIsTheLeastOfDistanceAndMove) {
  AllocatorSettings settings = test::uncapped();
  settings.turnover_penalty = 0.8;
  const std::uint64_t seed = 5;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const auto covariance = test::random_covariance(4, random);
  const std::vector<double> raw{1, -2, 0.5, 1}, before{0.01, 0.02, -0.01, 0};
  settings.turnover_penalty = 0;
  const auto aim = weights_of(covariance, raw, 0.1, {}, settings).weights;
  settings.turnover_penalty = 0.8;
  const auto found = weights_of(covariance, raw, 0.1, before, settings).weights;
  const auto cost = [&](const std::vector<double>& v) {
    std::vector<double> distance(4), move(4);
    for (std::size_t i = 0; i < 4; ++i) {
      distance[i] = v[i] - aim[i];
      move[i] = v[i] - before[i];
    }
    return test::variance_of(covariance, distance) + 0.8 * test::variance_of(covariance, move);
  };
  for (int round = 0; round < 100; ++round) {
    auto other = found;
    for (double& w : other) w += 0.01 * normal(random);
    EXPECT_LT(cost(found), cost(other));
  }
}

TEST(Weights, NeverExceedTheirCapsNorTheBudgetWhateverTheSettings) {
  const std::uint64_t seed = 20261127;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 500; ++round) {
    const std::size_t n = 1 + static_cast<std::size_t>(round) % 8;
    const auto covariance = test::random_covariance(n, random, 4 * uniform(random));
    AllocatorSettings settings;
    settings.position_max = 0.02 + uniform(random);
    settings.gross_max = 0.1 + 2 * uniform(random);
    settings.derisk_from = 0.3 + 0.7 * uniform(random);
    settings.turnover_penalty = round % 2 == 0 ? 0 : 5 * uniform(random);
    const double budget = 0.01 + 0.3 * uniform(random);
    std::vector<double> raw(n), before(n);
    for (double& x : raw) x = normal(random);
    for (double& x : before) x = normal(random);
    const auto out = weights_of(covariance, raw, budget, before, settings);
    double gross = 0;
    for (const double w : out.weights) {
      EXPECT_LE(std::abs(w), settings.position_max);
      gross += std::abs(w);
    }
    EXPECT_LE(gross, settings.gross_max * (1 + 1e-12));
    EXPECT_LE(std::sqrt(test::variance_of(covariance, out.weights)), budget * (1 + 1e-9));
  }
}

TEST(Weights, HalveWhereEveryVolatilityDoubles) {
  const std::uint64_t seed = 3;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  auto covariance = test::random_covariance(5, random);
  AllocatorSettings settings = test::uncapped();
  settings.sizing = Sizing::eigen_risk;
  const std::vector<double> convictions{1, -0.4, 0.2, 0.9, -0.7};
  const auto once = allocate(known(covariance), convictions, {}, 1, settings).weights;
  for (double& value : covariance.values) value *= 4;
  const auto twice = allocate(known(covariance), convictions, {}, 1, settings).weights;
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(twice[i], once[i] / 2, 1e-12);
}

TEST(Weights, AreRefusedOfACovarianceThatIsNoCovariance) {
  const std::vector<double> raw{1, 1};
  for (const double bad : {nothing, std::numeric_limits<double>::infinity()}) {
    auto covariance = test::pair(0.1, 0.1, 0);
    covariance(1, 0) = bad;
    EXPECT_THROW(weights_of(covariance, raw, 0.1, {}, test::uncapped()), InputError) << bad;
  }
  try {
    auto covariance = test::pair(0.1, 0.1, 0);
    covariance(1, 1) = 0;
    weights_of(covariance, raw, 0.1, {}, test::uncapped());
    FAIL() << "a variance of 0 was taken";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("entry 2, 2"), std::string::npos) << error.what();
  }
  EXPECT_THROW(weights_of(test::pair(0.1, 0.1, -1.5), raw, 0.1, {}, test::uncapped()), InputError);
}

TEST(Allocation, NamesWhyASymbolHasNoWeight) {
  KnownRisk risk;
  risk.held = {1, 2, 4};
  risk.absent = {Absence::few_returns, Absence::none, Absence::none, Absence::no_variance, Absence::none};
  risk.covariance = covariance::Matrix(3);
  for (std::size_t i = 0; i < 3; ++i) risk.covariance(i, i) = 0.04;
  risk.rows = 100;
  const std::vector<double> convictions{1, 1, nothing, 1, 1}, closes{1, 1, 1, 1, nothing};
  const auto out = allocate(priced(risk, closes), convictions, {}, 1, test::uncapped());
  EXPECT_EQ(out.absent, (std::vector<Absence>{Absence::few_returns, Absence::none, Absence::no_conviction,
                                              Absence::no_variance, Absence::no_price}));
  EXPECT_EQ(out.weights, (std::vector<double>{0, 0.5, 0, 0, 0}));
  EXPECT_EQ(
      allocate(priced(risk, std::vector<double>(5, nothing)), convictions, {}, 1, test::uncapped()).weights,
      std::vector<double>(5, 0.0));
}

TEST(Allocation, WithoutHedgesNoWeightStandsAgainstItsConviction) {
  // a small conviction beside a large one on nearly the same asset is hedged away by the eigen-modes
  AllocatorSettings settings = test::uncapped();
  settings.sizing = Sizing::eigen_risk;
  const auto risk = known(test::pair(0.2, 0.2, 0.9));
  const std::vector<double> convictions{1, 0.05};
  EXPECT_LT(allocate(risk, convictions, {}, 1, settings).weights[1], 0);
  settings.hedges = false;
  const auto out = allocate(risk, convictions, {}, 1, settings);
  EXPECT_EQ(out.weights[1], 0);
  EXPECT_NEAR(out.predicted_volatility, settings.target_volatility, 1e-12);
}

TEST(Allocation, FullyInvestedWeightsSumToOneInSize) {
  AllocatorSettings settings = test::uncapped();
  settings.sizing = Sizing::inverse_variance;
  const auto out = fully_invested(
      exposures_of(known(test::pair(0.1, 0.2, 0.3)), std::vector<double>{1, 1}, settings), settings);
  EXPECT_NEAR(out.weights[0], 0.8, 1e-12);
  EXPECT_NEAR(out.weights[1], 0.2, 1e-12);
}

TEST(Budget, IsMultipliedByWhatTheRegimesSay) {
  AllocatorSettings settings;
  const std::vector<std::string> labels{"calm", "mid", "chaos"};
  const std::vector<double> posterior{0.5, 0.1, 0.4};
  EXPECT_EQ(regime_multiplier(settings, labels, posterior), 1);
  settings.regime_risk = {{"chaos", 0.25}, {"trend", 0}};
  EXPECT_NEAR(regime_multiplier(settings, labels, posterior), 0.6 + 0.4 * 0.25, 1e-15);
  const auto risk = known(test::pair(0.1, 0.2, 0.3));
  const auto whole = allocate(risk, std::vector<double>{1, 1}, {}, 1, test::uncapped());
  const auto half = allocate(risk, std::vector<double>{1, 1}, {}, 0.5, test::uncapped());
  EXPECT_NEAR(half.weights[0], whole.weights[0] / 2, 1e-15);
  EXPECT_EQ(allocate(risk, std::vector<double>{1, 1}, {}, 0, test::uncapped()).weights[1], 0);
}

TEST(Calibration, AnswersForRiskThatWasPredictedTooLowAndNotForLuck) {
  Calibration off(0), long_memory(1e6), lucky(1e6);
  for (int bar = 0; bar < 1000; ++bar) {
    off.update(0.03, 0.01);
    long_memory.update(bar % 2 == 0 ? 0.02 : -0.02, 0.01);
    lucky.update(0.001, 0.01);
  }
  EXPECT_EQ(off.multiplier(), 1);
  EXPECT_NEAR(long_memory.multiplier(), 1 / std::sqrt((1000 * 4 + 20) / 1020.0), 1e-3);
  EXPECT_EQ(lucky.multiplier(), 1);
  Calibration flat(10);
  flat.update(0.5, 0);
  EXPECT_EQ(flat.multiplier(), 1) << "nothing was predicted";
}

}  // namespace
}  // namespace regent::allocation
