#include "allocation/walk_forward.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "allocation/allocator.hpp"
#include "allocation/momentum.hpp"
#include "allocation/rebalancer.hpp"
#include "tests/allocation/random_markets.hpp"

namespace regent::allocation {
namespace {

using market::Column;

AllocatorSettings settings_with_everything() {
  AllocatorSettings settings;
  settings.sizing = Sizing::eigen_risk;
  settings.risk = RiskScale::full;
  settings.denoise = true;
  settings.derisk_from = 0.5;
  settings.turnover_penalty = 0.5;
  settings.half_life_correlation_bars = 100;
  settings.half_life_level_bars = 15;
  settings.calibration_half_life_bars = 50;
  settings.position_max = 1;
  settings.gross_max = 5;
  return settings;
}

WalkForward walk(const market::Panel& panel, const RiskSettings& risk,
                 const std::vector<Candidate>& candidates, std::size_t first, std::size_t every,
                 const market::PortfolioCosts& costs = {}) {
  return walk_forward(
      panel, risk, candidates,
      [&](std::size_t bar) {
        return Wish{momentum_convictions(panel, bar), ""};
      },
      first, every, costs);
}

TEST(WalkForward, NoWeightChangesWithWhatComesAfterIt) {
  const std::uint64_t seed = 99;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const market::Panel panel = test::random_panel(6, 420, seed);
  market::Panel other = panel;
  constexpr std::size_t changed = 352;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.97, 1.03);
  for (std::size_t bar = changed; bar < panel.bars(); ++bar) {
    for (std::size_t i = 0; i < 6; ++i) other.at(Column::close, bar, i) *= uniform(random);
  }
  for (const Estimator estimator : {Estimator::ewma, Estimator::sample, Estimator::ledoit_wolf,
                                    Estimator::ledoit_wolf_identity, Estimator::oas}) {
    std::vector<Candidate> candidates;
    for (const Sizing sizing : {Sizing::eigen_risk, Sizing::volatility, Sizing::equal,
                                Sizing::inverse_variance, Sizing::minimum_variance, Sizing::risk_parity}) {
      AllocatorSettings settings = settings_with_everything();
      settings.sizing = sizing;
      candidates.push_back({"scaled", settings, false});
      // equal weights of everything have nothing to see
      if (sizing != Sizing::equal) candidates.push_back({"whole", settings, true});
    }
    const auto one = walk(panel, {estimator, 100}, candidates, 253, 7);
    const auto two = walk(other, {estimator, 100}, candidates, 253, 7);
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      std::size_t same = 0;
      for (std::size_t d = 0; d < one.portfolios[c].bars.size(); ++d) {
        if (one.portfolios[c].bars[d] >= changed) continue;
        ++same;
        for (std::size_t i = 0; i < 6; ++i) {
          EXPECT_EQ(one.portfolios[c].weights[d * 6 + i], two.portfolios[c].weights[d * 6 + i])
              << c << ' ' << d;
        }
      }
      EXPECT_EQ(same, 15U);
      EXPECT_NE(one.portfolios[c].weights, two.portfolios[c].weights) << "later weights must see the change";
    }
  }
}

TEST(WalkForward, DecidesAsTheAllocatorDoesBarByBar) {
  const market::Panel panel = test::random_panel(4, 330, 17);
  AllocatorSettings settings = settings_with_everything();
  const auto found = walk(panel, {}, {{"own", settings, false}}, 260, 1);
  Allocator allocator(settings, 4);
  std::size_t row = 0;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    allocator.update(panel.bar(bar)[Column::close]);
    if (bar < 260) continue;
    const auto weights = allocator.allocate(momentum_convictions(panel, bar)).weights;
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(found.portfolios[0].weights[row * 4 + i], weights[i]) << bar;
    }
    ++row;
  }
  EXPECT_EQ(row, found.portfolios[0].bars.size());
}

TEST(WalkForward, DecidesEachCandidateAsIfItWereAlone) {
  const market::Panel panel = test::random_panel(5, 300, 23);
  std::vector<Candidate> candidates;
  for (const Sizing sizing : {Sizing::eigen_risk, Sizing::volatility, Sizing::risk_parity}) {
    AllocatorSettings settings = settings_with_everything();
    settings.sizing = sizing;
    candidates.push_back({"scaled", settings, false});
    candidates.push_back({"whole", settings, true});
    settings.hedges = false;
    candidates.push_back({"no hedges", settings, false});
  }
  const auto wish = [](std::size_t) {
    return Wish{{1, 0.02, 1, -0.01, 1}, ""};  // the small ones are hedges
  };
  const auto together = walk_forward(panel, {}, candidates, wish, 260, 5, {});
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const auto alone = walk_forward(panel, {}, {candidates[c]}, wish, 260, 5, {});
    EXPECT_EQ(together.portfolios[c].weights, alone.portfolios[0].weights) << c;
    EXPECT_EQ(together.portfolios[c].account.returns, alone.portfolios[0].account.returns) << c;
  }
  EXPECT_NE(together.portfolios[0].weights, together.portfolios[2].weights) << "or hedges are not seen";
}

// A volatility of 20 % a year.
KnownRisk of_one_symbol() {
  KnownRisk risk;
  risk.held = {0};
  risk.absent.resize(1);
  risk.covariance = covariance::Matrix(1);
  risk.covariance(0, 0) = 0.2 * 0.2;
  return risk;
}

TEST(Rebalancer, ShrinksTheBudgetAfterALossThatWasNotPredicted) {
  AllocatorSettings settings;
  settings.risk = RiskScale::full;
  settings.target_volatility = 0.1;
  settings.position_max = settings.gross_max = 5;
  settings.periods_per_year = 252;
  settings.calibration_half_life_bars = 50;
  const KnownRisk risk = of_one_symbol();
  Rebalancer rebalancer(settings, 1);
  const std::vector<double> convictions{1};
  rebalancer.update(std::vector<double>{100});
  const Weights first = rebalancer.decide(risk, convictions, 1);
  EXPECT_NEAR(first.weights[0], 0.5, 1e-12);
  rebalancer.update(std::vector<double>{90});  // 5 % of equity, where 0.63 % was predicted
  const double surprise = 0.5 * 0.1 / (0.1 / std::sqrt(252.0));
  const double ratio = std::sqrt((surprise * surprise + 20) / 21);
  EXPECT_GT(ratio, 1.5);
  const Weights second = rebalancer.decide(risk, convictions, 1);
  EXPECT_NEAR(second.weights[0], 0.5 / ratio, 1e-12);
  EXPECT_NEAR(second.predicted_volatility, 0.1 / ratio, 1e-12);
}

TEST(Rebalancer, MovesFromTheWeightsThatItGaveLast) {
  AllocatorSettings settings = test::uncapped();
  settings.turnover_penalty = 1;  // half of the way
  const KnownRisk risk = of_one_symbol();
  Rebalancer rebalancer(settings, 1);
  std::vector<double> given;
  for (const double conviction : {1.0, -1.0, -1.0})
    given.push_back(rebalancer.decide(risk, std::vector<double>{conviction}, 1).weights[0]);
  EXPECT_NEAR(given[0], 0.5, 1e-12) << "from nothing: at once";
  EXPECT_NEAR(given[1], 0, 1e-12);
  EXPECT_NEAR(given[2], -0.25, 1e-12);
}

TEST(WalkForward, FillsAtTheBarAfterTheDecision) {
  market::Panel panel = test::random_panel(2, 10, 1);
  for (std::size_t bar = 0; bar < 10; ++bar) {
    panel.at(Column::close, bar, 0) = bar < 7 ? 100 + static_cast<double>(bar % 2) : 130;  // +30 % at bar 7
    panel.at(Column::close, bar, 1) = 100 + static_cast<double>(bar % 3);
  }
  AllocatorSettings settings;
  settings.sizing = Sizing::given;
  settings.warmup_bars = 2;
  const auto earned = [&](std::size_t first) {
    const auto found = walk_forward(panel, {}, {{"own", settings, true}},
                                    [](std::size_t) {
                                      return Wish{{1, 0}, ""};
                                    },
                                    first, 100, {0, 0});
    double value = 1;
    for (const double r : found.portfolios[0].account.returns) value *= 1 + r;
    return value;
  };
  EXPECT_NEAR(earned(5), 1.3, 1e-12) << "decided after bar 5, bought at bar 6's close of 100";
  EXPECT_NEAR(earned(6), 1, 1e-12) << "decided after bar 6, bought at bar 7's close of 130";
}

TEST(WalkForward, ASymbolThatLeavesAndOneThatNeverMovesHaveNoWeightAndAReason) {
  market::Panel panel = test::random_panel(3, 200, 2);
  for (std::size_t bar = 0; bar < 200; ++bar) {
    panel.at(Column::close, bar, 1) = 50;
    if (bar >= 180) panel.at(Column::close, bar, 2) = std::numeric_limits<double>::quiet_NaN();
  }
  for (const Estimator estimator : {Estimator::ewma, Estimator::ledoit_wolf}) {
    const auto found = walk_forward(panel, {estimator, 60}, {{"own", AllocatorSettings{}, false}},
                                    [](std::size_t) {
                                      return Wish{{1, 1, 1}, ""};
                                    },
                                    199, 1, {});
    const Weights& last = found.portfolios[0].last;
    EXPECT_NE(last.weights[0], 0);
    EXPECT_EQ(last.weights[1], 0);
    EXPECT_EQ(last.weights[2], 0);
    EXPECT_EQ(last.absent[1], Absence::no_variance);
    EXPECT_EQ(last.absent[2], estimator == Estimator::ewma ? Absence::no_price : Absence::few_returns);
  }
}

TEST(WalkForward, ARegimeMultipliesTheBudgetOfItsDecisions) {
  const market::Panel panel = test::random_panel(3, 120, 3);
  AllocatorSettings settings;
  settings.position_max = settings.gross_max = 10;
  settings.regime_risk = {{"chaos", 0.5}};
  const auto found = walk_forward(panel, {}, {{"own", settings, false}},
                                  [](std::size_t bar) {
                                    return Wish{{1, 1, 1}, bar < 110 ? "calm" : "chaos"};
                                  },
                                  109, 1, {});
  EXPECT_NEAR(found.portfolios[0].predicted[0], 0.10, 1e-12);
  EXPECT_NEAR(found.portfolios[0].predicted[1], 0.05, 1e-12);
}

TEST(EwmaRisk, KeepsVariancesAndCorrelationsOfTheirOwnHalfLives) {
  const market::Panel panel = test::random_panel(3, 150, 4);
  AllocatorSettings both, fast, slow;
  both.half_life_bars = fast.half_life_bars = 10;
  both.half_life_correlation_bars = 80;
  slow.half_life_bars = 80;
  EwmaRisk mixed(3, both), quick(3, fast), long_lived(3, slow);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    for (EwmaRisk* risk : {&mixed, &quick, &long_lived}) risk->update(panel.bar(bar)[Column::close]);
  }
  const std::vector<std::size_t> all{0, 1, 2};
  const auto found = mixed.covariance(all), a = quick.covariance(all), b = long_lived.covariance(all);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(found(i, i), a(i, i), 1e-15);
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(found(i, j) / std::sqrt(a(i, i) * a(j, j)), b(i, j) / std::sqrt(b(i, i) * b(j, j)), 1e-12);
    }
  }
}

// Closes whose returns are ±sizes[i] in turn; from bar `wilder` on three times as large.
market::Panel alternating_panel(std::size_t bars, std::size_t wilder) {
  market::Panel panel = test::random_panel(2, bars, 6);
  const double sizes[] = {0.01, 0.03};
  for (std::size_t i = 0; i < 2; ++i) {
    double close = 100;
    for (std::size_t bar = 0; bar < bars; ++bar) {
      close *= std::exp((bar % 2 == 0 ? 1 : -1) * sizes[i] * (bar < wilder ? 1 : 3));
      panel.at(Column::close, bar, i) = close;
    }
  }
  return panel;
}

TEST(EwmaRisk, MultipliesVolatilitiesByTheLevelOfAllTogether) {
  constexpr std::size_t bars = 201, wilder = 191;
  const market::Panel panel = alternating_panel(bars, wilder);
  for (const double correlation_bars : {0.0, 50.0}) {
    AllocatorSettings settings;
    settings.half_life_bars = 1e6;
    settings.half_life_correlation_bars = correlation_bars;
    settings.warmup_bars = 20;
    EwmaRisk plain(2, settings);
    settings.half_life_level_bars = 5;
    EwmaRisk levelled(2, settings);
    double sum = 0, weight = 0, squares = 0;
    const double decay = std::exp2(-1 / 5.0), to_deviation = std::sqrt(std::acos(-1.0) / 2);
    for (std::size_t bar = 0; bar < bars; ++bar) {
      plain.update(panel.bar(bar)[Column::close]);
      levelled.update(panel.bar(bar)[Column::close]);
      const double size = bar < wilder ? 1 : 3;  // of the calm returns, of both symbols
      const auto returns = static_cast<double>(bar);
      if (bar > 20) {
        sum = decay * sum + size / std::sqrt(squares / (returns - 1));
        weight = decay * weight + 1;
      }
      if (bar > 0) squares += size * size;
    }
    const double level = to_deviation * sum / weight;
    EXPECT_GT(level, 2);
    EXPECT_EQ(plain.level(), 1);
    EXPECT_NEAR(levelled.level(), level, 1e-4);  // the half-life of 1e6 is not for ever
    const std::vector<std::size_t> both{0, 1};
    const auto before = plain.covariance(both), after = levelled.covariance(both);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(levelled.variance(i), level * level * plain.variance(i), 1e-3 * plain.variance(i));
      for (std::size_t j = 0; j < 2; ++j)
        EXPECT_NEAR(after(i, j), level * level * before(i, j), 1e-3 * std::abs(before(i, j)));
    }
  }
}

TEST(EwmaRisk, TellsTheLevelFromBarsThatCameAfterTheVolatility) {
  // a jump is beside the volatility known before it, not one that holds it already
  const market::Panel panel = alternating_panel(60, 59);
  AllocatorSettings settings;
  settings.half_life_bars = 1e6;
  settings.half_life_level_bars = 1e-3;  // the last bar alone
  settings.warmup_bars = 10;
  EwmaRisk risk(2, settings);
  for (std::size_t bar = 0; bar < 60; ++bar) risk.update(panel.bar(bar)[Column::close]);
  EXPECT_NEAR(risk.level(), 3 * std::sqrt(std::acos(-1.0) / 2), 1e-9);
}

TEST(EwmaRisk, TakesPricesThatRepeatThemselvesForNoCalm) {
  const market::Panel panel = alternating_panel(60, 60);
  AllocatorSettings settings;
  settings.half_life_level_bars = 5;
  settings.warmup_bars = 10;
  EwmaRisk risk(2, settings);
  for (std::size_t bar = 0; bar < 60; ++bar) risk.update(panel.bar(bar)[Column::close]);
  const double level = risk.level();
  EXPECT_GT(level, 1);
  for (int repeated = 0; repeated < 30; ++repeated) risk.update(panel.bar(59)[Column::close]);
  EXPECT_EQ(risk.level(), level);
}

TEST(Momentum, IsTheStandardScoreOfLastYearsRiseWithoutItsLastMonth) {
  market::Panel panel = test::random_panel(3, 300, 5);
  const double rises[] = {0.1, 0.2, 0.6};
  for (std::size_t i = 0; i < 3; ++i) {
    panel.at(Column::close, 280 - 252, i) = 100;
    panel.at(Column::close, 280 - 21, i) = 100 * std::exp(rises[i]);
  }
  const auto convictions = momentum_convictions(panel, 280);
  const double mean = 0.3, deviation = std::sqrt((0.04 + 0.01 + 0.09) / 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(convictions[i], (rises[i] - mean) / deviation / 2, 1e-12);
  }
  panel.at(Column::close, 280 - 21, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(momentum_convictions(panel, 280)[1]));
}

}  // namespace
}  // namespace regent::allocation
