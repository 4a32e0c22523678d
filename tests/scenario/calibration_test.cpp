// A law drawn by the engine is found again from its own paths.

#include "scenario/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "base/normal.hpp"
#include "base/philox.hpp"
#include "scenario/block_length.hpp"
#include "scenario/calibration_json.hpp"
#include "scenario/facts.hpp"
#include "scenario/own_shocks.hpp"
#include "scenario/risk.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Law;
using cuda::scenario::Task;
using cuda::scenario::VolatilityKind;

// Two regimes that differ threefold in volatility, two assets with correlation 0.6.
Law two_regimes() {
  Law law;
  law.assets = 2;
  law.factors = 2;
  law.regimes = 2;
  law.start = {0.8, 0.2};
  law.transition = {.99, .01, .04, .96};
  law.drift = {0.001, 0.0005, -0.002, -0.002};
  for (const double s : {0.006, 0.02}) {
    for (const double x : {s, 0.0, 0.6 * 1.5 * s, 0.8 * 1.5 * s}) law.loadings.push_back(x);
  }
  law.idiosyncratic.assign(4, 0);
  return law;
}

// Ten assets that share a market, each with an own shock, in one regime.
Law ten_assets() {
  Law law = two_regimes();
  law.assets = 10;
  law.factors = law.regimes = 1;
  law.start = law.transition = {1};
  law.drift.assign(10, 0);
  law.loadings.assign(10, 0.01);
  law.idiosyncratic.assign(10, 0.012);
  return law;
}

market::Panel panel_of(const Law& law, int bars, std::uint64_t seed) {
  Task task;
  task.law = &law;
  task.policy.target.assign(law.assets, 0);
  task.steps = bars;
  task.seed = seed;
  const auto kept = cuda::scenario::record(cuda::Resources::make("cpu"), task, 0, 1);
  market::Panel panel;
  for (int i = 0; i < law.assets; ++i) panel.symbols.push_back("S" + std::to_string(i));
  auto& close = panel.columns[static_cast<std::size_t>(market::Column::close)];
  close.assign(law.assets, 100);
  for (int bar = 0; bar <= bars; ++bar) panel.timestamps_ms.push_back(86'400'000LL * bar);
  for (std::size_t i = 0; i < kept.log_returns.size(); ++i)
    close.push_back(close[i] * std::exp(static_cast<double>(kept.log_returns[i])));
  return panel;
}

double covariance_of(const Law& law, int regime, int i, int j) {
  double sum = 0;
  for (int f = 0; f < law.factors; ++f)
    sum += law.loadings[(regime * law.assets + i) * law.factors + f] *
           law.loadings[(regime * law.assets + j) * law.factors + f];
  const double own = law.idiosyncratic[regime * law.assets + i];
  return sum + (i == j ? own * own : 0);
}

TEST(Calibration, FindsTheLawThatMadeThePanel) {
  const Law truth = two_regimes();
  const market::Panel panel = panel_of(truth, 4000, 3);
  const auto result = calibrate(panel, returns_of(panel), {.macros = 2, .micros = 1, .restarts = 2});
  const Law& law = result.calibration.law;
  ASSERT_EQ(law.regimes, 2);
  EXPECT_EQ(result.calibration.labels, (std::vector<std::string>{"calm", "chaos"}));
  EXPECT_NEAR(law.transition[0], 0.99, 0.01);
  EXPECT_NEAR(law.start[0], 0.8, 0.1);
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 2; ++i)
      EXPECT_NEAR(covariance_of(law, k, i, i) / covariance_of(truth, k, i, i), 1, 0.2) << "regime " << k;
    const double correlation =
        covariance_of(law, k, 0, 1) / std::sqrt(covariance_of(law, k, 0, 0) * covariance_of(law, k, 1, 1));
    EXPECT_NEAR(correlation, 0.6, 0.06);
  }
  // the mean of all bars is kept: log drift is drift plus what the variance takes
  for (int i = 0; i < 2; ++i) {
    const double made = law.start[0] * (law.drift[i] + law.drift_of_variance[i]) +
                        law.start[1] * (law.drift[2 + i] + law.drift_of_variance[2 + i]);
    const double seen = std::log(panel.at(market::Column::close, 4000, i) / 100) / 4000;
    EXPECT_NEAR(made, seen, 4e-4);
  }
}

// Goes on with bars at which every asset moves by `size`, up and down in turn.
void append_bars(market::Panel& panel, int bars, double size) {
  auto& close = panel.columns[static_cast<std::size_t>(market::Column::close)];
  for (int bar = 0; bar < bars; ++bar) {
    panel.timestamps_ms.push_back(panel.timestamps_ms.back() + 86'400'000LL);
    for (std::size_t i = 0; i < panel.symbols.size(); ++i)
      close.push_back(close[close.size() - panel.symbols.size()] * std::exp(bar % 2 == 0 ? size : -size));
  }
}

TEST(Calibration, KnowsHowVolatileTheNextBarIs) {
  Law law = ten_assets();
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.14, .gamma = 0, .beta = 0.8};
  // v' = 0.06 + v·0.8 + 0.14·(size / deviation)²: a deviation of 1.07 % a bar goes to a third, 2.5 % to four
  for (const auto& [size, low, high] : {std::array{0.002, 0.2, 0.6}, std::array{0.025, 2.5, 6.0}}) {
    market::Panel panel = panel_of(law, 3000, 11);
    append_bars(panel, 30, size);
    const auto c = calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1}).calibration;
    EXPECT_GT(c.now_variance, low) << size;
    EXPECT_LT(c.now_variance, high) << size;
    EXPECT_EQ(c.law.volatility.start, 1);
  }
}

TEST(Calibration, KnowsTheRegimesOfTheNextBar) {
  market::Panel panel = panel_of(two_regimes(), 4000, 3);
  append_bars(panel, 20, 0.03);
  const auto c = calibrate(panel, returns_of(panel), {.macros = 2, .micros = 1, .restarts = 1}).calibration;
  // the last bars were wild beyond doubt; the next one is with the probability to stay
  EXPECT_NEAR(c.now[1], c.law.transition[3], 1e-3);
  EXPECT_LT(c.law.transition[3], 0.99);
}

TEST(Calibration, SurvivesItsFile) {
  const market::Panel panel = panel_of(two_regimes(), 300, 4);
  auto c = calibrate(panel, returns_of(panel), {.macros = 2, .micros = 1, .restarts = 1}).calibration;
  // no field has the value that it has by itself
  c.now_variance = 1.75;
  c.law.own_volatility = {.apart = true, .persistence = 0.97, .response = 0.2};
  c.now_own_variance = {0.5, 2.5};
  c.law.dof = 7;
  c.law.idiosyncratic_dof = {3.5, 0};
  c.law.beta = {0.5, 1.5};
  c.law.volatility = {VolatilityKind::garch, 0.03, 0.05, 0.8, 0.1, 1.1, 0.2, -0.3, 0.9, 50};
  c.law.jumps = {{0.01, 0.02}, -0.03, 0.04, {0.9, 1.1}, 0.6, 0.5, 0.4, 2};
  c.law.liquidity = {0.01, 4, 0.7, {1, 2}};
  const std::string text = calibration_to_json(c);
  const Calibration again = calibration_from_json(text, "m.json");
  EXPECT_EQ(calibration_to_json(again), text);
  EXPECT_EQ(again.law.idiosyncratic_dof, c.law.idiosyncratic_dof);
  EXPECT_EQ(again.now_variance, 1.75);
  EXPECT_TRUE(again.law.own_volatility.apart);
  EXPECT_EQ(again.law.own_volatility.persistence, 0.97);
  EXPECT_EQ(again.law.own_volatility.response, 0.2);
  EXPECT_EQ(again.now_own_variance, c.now_own_variance);
  const auto error_of = [&](const std::string& from, const std::string& to) {
    std::string spoilt = text;
    const auto at = spoilt.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    spoilt.replace(at, from.size(), to);
    try {
      calibration_from_json(spoilt, "m.json");
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error_of("\"dof\"", "\"doff\""),
              testing::HasSubstr("m.json: doff: unknown key, did you mean 'dof'?"));
  EXPECT_THAT(error_of("\"beta\": [", "\"extra\": 1, \"beta\": ["), testing::HasSubstr("extra: unknown key"));
  EXPECT_THAT(error_of("\"factors\": 2", "\"factors\": 3"),
              testing::HasSubstr("loadings has 8 values, not 12"));
  EXPECT_THAT(error_of("\"now_variance\": 1.75", "\"now_variance\": -1"),
              testing::HasSubstr("now_variance is -1.000000; from 0 to the ceiling of 50"));
  EXPECT_THAT(error_of("\"kind\": \"asset\"", "\"kind\": \"assets\""),
              testing::HasSubstr("own_volatility.kind: \"assets\": market and asset are possible"));
  EXPECT_THAT(error_of("2.5", "0"), testing::HasSubstr("now_own_variance"));
  EXPECT_THAT(error_of("\"response\": 0.2", "\"response\": 3"),
              testing::HasSubstr("own_volatility.response"));
  EXPECT_THAT(error_of("regent-scenario/4", "regent-scenario/9"), testing::HasSubstr("format"));
  EXPECT_THAT(error_of("regent-scenario/4", "regent-scenario/3"), testing::HasSubstr("own_v"));
}

TEST(Calibration, ReadsFilesOfTheFormsBefore) {
  const market::Panel panel = panel_of(two_regimes(), 300, 4);
  auto c = calibrate(panel, returns_of(panel), {.macros = 2, .micros = 1, .restarts = 1}).calibration;
  c.now_variance = 1;
  c.law.idiosyncratic_dof.clear();
  const std::string text = calibration_to_json(c);
  std::string old = text;
  int version = 4;
  const std::string own =
      " \"own_volatility\": {\n  \"kind\": \"market\",\n  \"persistence\": 0.0,\n  \"response\": 0.0\n },\n";
  const std::vector<std::vector<std::string>> forms{{" \"now_own_variance\": [],\n", own},
                                                    {" \"now_variance\": 1.0,\n"},
                                                    {" \"idiosyncratic_dof\": [],\n"}};
  for (const auto& keys : forms) {
    for (const std::string& added : keys) {
      ASSERT_NE(old.find(added), std::string::npos) << added;
      old.erase(old.find(added), added.size());
    }
    old.replace(old.find("regent-scenario/"), 17, "regent-scenario/" + std::to_string(--version));
    EXPECT_EQ(calibration_to_json(calibration_from_json(old, "m.json")), text);
  }
}

TEST(Calibration, FindsTheTailsOfOwnShocks) {
  Law law = ten_assets();
  law.idiosyncratic_dof = {3, 3, 3, 6, 6, 6, 6, 0, 0, 0};
  const market::Panel panel = panel_of(law, 6000, 9);
  for (const int factors : {1, 10}) {
    SCOPED_TRACE(testing::Message() << factors << " factors");
    const auto found =
        calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1, .factors = factors})
            .calibration.law;
    for (int i = 0; i < 10; ++i) {
      EXPECT_NEAR(covariance_of(found, 0, i, i) / 2.44e-4, 1, 0.15);
      EXPECT_NEAR(found.idiosyncratic[i], 0.012, 0.0015) << i;
      const double dof = found.idiosyncratic_dof[i];
      const double low = i < 3 ? 2.9 : i < 7 ? 4.2 : 15, high = i < 3 ? 3.8 : i < 7 ? 9 : 61;
      EXPECT_TRUE((dof > low && dof < high) || (i >= 7 && dof == 0)) << i << ": " << dof;
    }
  }
}

TEST(Calibration, FindsTheVolatilitiesOfOwnShocksBesideTheMarkets) {
  Law law = ten_assets();
  law.idiosyncratic_dof.assign(10, 4);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.08, .gamma = 0, .beta = 0.88};
  law.own_volatility = {.apart = true, .persistence = 0.97, .response = 0.25};
  const market::Panel panel = panel_of(law, 5000, 21);
  for (const int factors : {1, 10}) {
    SCOPED_TRACE(testing::Message() << factors << " factors");
    const auto c =
        calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1, .factors = factors})
            .calibration;
    EXPECT_TRUE(c.law.own_volatility.apart);
    EXPECT_NEAR(c.law.own_volatility.persistence, 0.97, 0.01);
    EXPECT_NEAR(c.law.own_volatility.response, 0.25, 0.05);
    EXPECT_NEAR(c.law.volatility.alpha, 0.08, 0.04);
    EXPECT_NEAR(c.law.volatility.beta, 0.88, 0.06);
    for (const double dof : c.law.idiosyncratic_dof) EXPECT_NEAR(dof, 4, 1.2);
    ASSERT_EQ(c.now_own_variance.size(), 10U);
    for (const double u : c.now_own_variance) EXPECT_GT(u, 0);
  }
}

TEST(Calibration, LeavesOwnShocksTheMarketsVolatilityWhereItIsTheirs) {
  Law law = ten_assets();
  law.idiosyncratic_dof.assign(10, 4);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.1, .gamma = 0, .beta = 0.88};
  const market::Panel panel = panel_of(law, 4000, 22);
  const auto c = calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1, .factors = 1})
                     .calibration;
  EXPECT_FALSE(c.law.own_volatility.apart);
  EXPECT_TRUE(c.now_own_variance.empty());
}

// The first asset ends wild, the others as calm as the market beside them.
TEST(Calibration, KnowsHowVolatileEachAssetsNextBarIs) {
  Law law = ten_assets();
  law.own_volatility = {.apart = true, .persistence = 0.97, .response = 0.25};
  market::Panel panel = panel_of(law, 3000, 23);
  auto& close = panel.columns[static_cast<std::size_t>(market::Column::close)];
  for (int bar = 0; bar < 40; ++bar) {
    panel.timestamps_ms.push_back(panel.timestamps_ms.back() + 86'400'000LL);
    for (int i = 0; i < 10; ++i) {
      const bool up = (bar + i) % 2 == 0;
      const double size = i == 0 ? 0.05 : 0.002;
      close.push_back(close[close.size() - 10] * std::exp(up ? size : -size));
    }
  }
  const auto c = calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1, .factors = 1})
                     .calibration;
  ASSERT_EQ(c.now_own_variance.size(), 10U);
  // the recursion brings |own| = 4·0.012 from every bar to ln u near 2.3, and 0.2·0.012 to −1.2
  EXPECT_GT(c.now_own_variance[0], 4);
  for (int i = 1; i < 10; ++i) EXPECT_LT(c.now_own_variance[i], 0.7) << i;
  EXPECT_TRUE(c.law.own_volatility.start.empty());
}

// Of shocks that are seen whole: the recursion of scenario.hpp, the normal from the Student-t's closed form,
// which Wallace's comes close to.
TEST(OwnVolatility, IsFilteredFromTheNormalsBehindTheShocks) {
  const auto student4 = [](double t) {  // P(T <= t), 4 degrees of freedom
    const double square = t * t / (1 + t * t / 4);
    return 0.5 + 0.375 * t / std::sqrt(1 + t * t / 4) * (1 - square / 12);
  };
  const std::vector<double> shocks{0.3, -2.0, 6.0, -0.1, 0.9, 30.0, 0.4, -1.5};
  const std::vector<std::uint8_t> jumps{0, 0, 0, 0, 0, 1, 0, 0};
  const cuda::scenario::OwnVolatility own{.apart = true, .persistence = 0.9, .response = 0.3};
  const OwnFiltered filtered = filter_own(shocks, 1, jumps, own, 4);
  const double mean = log_mean_of(own);
  double h = 0, log_likelihood = 0;
  for (std::size_t bar = 0; bar < shocks.size(); ++bar) {
    const double u = std::exp(h - mean), t = std::abs(shocks[bar]) / std::sqrt(u) * std::sqrt(2.0);
    EXPECT_NEAR(filtered.variance[bar] / u, 1, 0.02) << bar;
    double z = normal_quantile(student4(t));
    if (jumps[bar] != 0) {
      z = 3;
    } else {  // the density of 4 degrees of freedom, 3/8·(1 + t²/4)^(−5/2), scaled
      log_likelihood += std::log(0.375 * std::pow(1 + t * t / 4, -2.5) * std::sqrt(2.0 / u));
    }
    h = 0.9 * h + 0.3 * (z - std::sqrt(2 / std::numbers::pi));
  }
  EXPECT_NEAR(filtered.variance.back() / std::exp(h - mean), 1, 0.02);
  EXPECT_NEAR(filtered.log_likelihood, log_likelihood, 0.05);
}

// Of shocks that are half hidden, by densities on a grid: z normal, seen √0.5·z + √0.5·g.
TEST(OwnVolatility, MovesByTheMeanSizeOfWhatIsHidden) {
  const double shown = std::sqrt(0.5);
  const cuda::scenario::OwnVolatility own{.apart = true, .persistence = 0, .response = 0.3};
  const double mean = log_mean_of(own), start = std::exp(-mean);
  for (const double seen : {0.0, 0.7, -2.5}) {
    double weights = 0, sizes = 0;
    for (double z = -10; z < 10; z += 1e-3) {
      const double rest = (seen - shown * std::sqrt(start) * z) / std::sqrt(0.5);
      const double weight = std::exp(-0.5 * (z * z + rest * rest));
      weights += weight;
      sizes += weight * std::abs(z);
    }
    const double expected = std::exp(0.3 * (sizes / weights - std::sqrt(2 / std::numbers::pi)) - mean);
    const std::vector<double> shocks{seen};
    EXPECT_NEAR(filter_own(shocks, shown, {0}, own, 1e5).variance[1], expected, 1e-3) << seen;
  }
}

TEST(Calibration, ExplainsNothingTwice) {
  // Gaussian shocks under a volatility that clusters, and jumps of all assets at once: no own tail is left
  Law law = ten_assets();
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.14, .gamma = 0, .beta = 0.8};
  law.jumps = {.intensity = {0.004},
               .mean = -0.15,
               .deviation = 0.02,
               .scale = std::vector<double>(10, 1.0),
               .participation = 1};
  const market::Panel panel = panel_of(law, 4000, 10);
  const auto c = calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1, .factors = 1})
                     .calibration;
  EXPECT_GT(c.jump_bars, 5U);
  EXPECT_GT(c.law.volatility.alpha, 0.05);
  for (const double dof : c.law.idiosyncratic_dof) EXPECT_TRUE(dof == 0 || dof > 12) << dof;
}

TEST(Calibration, FindsWhatFallsDoToVolatilityBesideRegimesAndOwnShocks) {
  Law law = ten_assets();
  law.regimes = 2;
  law.start = {0.8, 0.2};
  law.transition = {.99, .01, .04, .96};
  law.drift.assign(20, 0);
  law.loadings.insert(law.loadings.end(), 10, 0.025);
  law.idiosyncratic.insert(law.idiosyncratic.end(), 10, 0.03);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.01, .gamma = 0.12, .beta = 0.88};
  const market::Panel panel = panel_of(law, 8000, 11);
  const Law found =
      calibrate(panel, returns_of(panel), {.macros = 2, .micros = 1, .restarts = 1, .factors = 1})
          .calibration.law;
  EXPECT_NEAR(found.volatility.alpha, 0.01, 0.03);
  EXPECT_NEAR(found.volatility.gamma, 0.12, 0.06);
  EXPECT_NEAR(found.volatility.beta, 0.88, 0.06);
}

double normal_number(std::uint32_t path, std::uint32_t step, std::uint32_t draw) {
  const Philox4 bits = Random{12}.bits(path, step, draw, Purpose::none);
  return normal_quantile(uniform_from_bits(bits.x, bits.y));
}

// Student-t of unit variance by its definition, from a normal and the sum of `dof` squares.
double student_number(int dof, std::uint32_t path, std::uint32_t step) {
  double squares = 0;
  for (int i = 1; i <= dof; ++i) squares += std::pow(normal_number(path, step, i), 2);
  return normal_number(path, step, 0) * std::sqrt((dof - 2) / squares);
}

TEST(OwnDof, IsFoundBesideWhatIsShared) {
  for (const int dof : {3, 4, 8}) {
    for (const double share : {0.4, 1.0}) {
      std::vector<double> shocks;
      for (std::uint32_t i = 0; i < 6000; ++i)
        shocks.push_back(7 * (std::sqrt(1 - share) * normal_number(1, i, 0) +
                              std::sqrt(share) * student_number(dof, 2, i)));
      EXPECT_NEAR(own_dof(shocks, share, 0), dof, dof == 8 ? 3.5 : 1) << "share " << share;
      EXPECT_EQ(own_dof(shocks, 0.01, 0), 0);
    }
  }
}

TEST(OwnDof, IsGaussianWhereTheTailIsEverybodys) {
  std::vector<double> normal, wide;
  for (std::uint32_t i = 0; i < 6000; ++i) {
    normal.push_back(normal_number(1, i, 0));
    wide.push_back(student_number(5, 3, i));
  }
  EXPECT_TRUE(own_dof(normal, 0.6, 0) == 0 || own_dof(normal, 0.6, 0) > 15) << own_dof(normal, 0.6, 0);
  EXPECT_LT(own_dof(wide, 0.6, 0), 6);  // taken as its own
  EXPECT_TRUE(own_dof(wide, 0.6, 5) == 0 || own_dof(wide, 0.6, 5) > 15) << own_dof(wide, 0.6, 5);
}

TEST(Calibration, OfOneSymbolAndOneRegimeWorks) {
  Law law = two_regimes();
  law.assets = law.factors = 1;
  law.drift = {0.001, 0.001};
  law.loadings = {0.01, 0.01};
  law.idiosyncratic = {0, 0};
  const market::Panel panel = panel_of(law, 500, 6);
  const auto c = calibrate(panel, returns_of(panel), {.macros = 1, .micros = 1, .restarts = 1}).calibration;
  EXPECT_EQ(c.labels, (std::vector<std::string>{"regime_0"}));
  EXPECT_NEAR(std::sqrt(covariance_of(c.law, 0, 0, 0)), 0.01, 0.001);
  // the mean log return is kept, and the drift beside it is that of simple returns
  ASSERT_EQ(c.jump_bars, 0U);
  const double mean = std::log(panel.at(market::Column::close, 500, 0) / 100) / 500;
  EXPECT_NEAR(c.law.drift[0] + c.law.drift_of_variance[0], mean, 1e-9);
  EXPECT_NEAR(c.law.drift_of_variance[0], -0.5 * covariance_of(c.law, 0, 0, 0), 1e-9);
}

TEST(Returns, LeaveOutWhatIsMissingAndRefuseWhatNeverMoves) {
  market::Panel panel = panel_of(two_regimes(), 100, 5);
  panel.at(market::Column::close, 50, 1) = std::nan("");
  const Returns returns = returns_of(panel);
  EXPECT_EQ(returns.bars(), 98U);
  EXPECT_EQ(returns.left_out, 2U);
  for (int bar = 0; bar <= 100; ++bar) panel.at(market::Column::close, bar, 0) = 7;
  EXPECT_THROW(returns_of(panel), InputError);
  EXPECT_THROW(returns_of(panel.slice(0, 30)), InputError);
}

TEST(Factors, AreExactWhereThereAreEnoughAndRefuseWhatIsNoCovariance) {
  const std::vector<double> covariance{4, 1, 0.5, 1, 2, -0.3, 0.5, -0.3, 1};
  for (const int count : {3, 5}) {
    const Factors f = factors_of(covariance, 3, count);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        double sum = 0;
        for (int k = 0; k < count; ++k) sum += f.loadings[i * count + k] * f.loadings[j * count + k];
        EXPECT_NEAR(sum, covariance[i * 3 + j], 1e-12);
      }
    }
  }
  const Factors one = factors_of(covariance, 3, 1);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(one.loadings[i] * one.loadings[i] + one.idiosyncratic[i] * one.idiosyncratic[i],
                covariance[i * 4], 1e-12);
  EXPECT_THROW(factors_of({1, 2, 2, 1}, 2, 2), Error);
}

TEST(Factors, OfManyAssetsKeepTheCovarianceAndLeaveAssetsTheirOwn) {
  // x = b·f + e: with equal b nothing less than b² can be shared
  const int n = 10;
  std::vector<double> equal(n * n, 0.4);
  for (int i = 0; i < n; ++i) equal[i * n + i] = 1;
  for (const double own : factors_of(equal, n, 20).idiosyncratic) EXPECT_NEAR(own * own, 0.6, 1e-4);
  // two factors and different scales: at least what the model that made it shares less than all of
  std::vector<double> covariance(n * n);
  double least = 0, shared = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const double scale = 0.01 * (1 + i % 3) * (1 + j % 3);
      const double common = 0.5 + (i % 2 == j % 2 ? 0.2 : -0.1);
      covariance[i * n + j] = scale * (i == j ? 1 : common);
    }
    least += 0.7 * 0.7;
  }
  const Factors f = factors_of(covariance, n, 12);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = i == j ? f.idiosyncratic[i] * f.idiosyncratic[i] : 0;
      for (int k = 0; k < 12; ++k) sum += f.loadings[i * 12 + k] * f.loadings[j * 12 + k];
      EXPECT_NEAR(sum, covariance[i * n + j], 1e-10);
    }
    shared += std::pow(1 - f.idiosyncratic[i] * f.idiosyncratic[i] / covariance[i * n + i], 2);
  }
  EXPECT_LT(shared, 1.01 * least);
  const std::vector<double> singular(n * n, 1.0);
  for (const double own : factors_of(singular, n, n).idiosyncratic) EXPECT_EQ(own, 0);
}

// An AR(1) has b = (2·G²/D·n)^(1/3) in closed form with G = Σ|k|·R(k) and D = 2·g(0)² (stationary).
TEST(BlockLength, OfAnAutoregressionIsNearItsFormula) {
  constexpr int n = 20000;
  std::vector<double> white, series;
  double x = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const Philox4 bits = Random{8}.bits(i, 0, 0, Purpose::none);
    white.push_back(normal_quantile(uniform_from_bits(bits.x, bits.y)));
    x = 0.5 * x + white.back();
    series.push_back(x);
  }
  EXPECT_LT(block_length(white).stationary, 5);
  const double r = 0.5, variance = 1 / (1 - r * r), slope = 2 * variance * r / ((1 - r) * (1 - r)),
               level = variance * (1 + r) / (1 - r);
  const double expected = std::cbrt(2 * slope * slope / (2 * level * level) * n);
  EXPECT_NEAR(block_length(series).stationary / expected, 1, 0.25) << expected;
  EXPECT_NEAR(block_length(series).circular / (expected * std::cbrt(1.5)), 1, 0.25);
  EXPECT_THROW(block_length(std::vector<double>(5, 1.0)), InputError);
}

double value_of(const std::vector<Fact>& facts, const std::string& name) {
  for (const Fact& fact : facts) {
    if (fact.name == name) return fact.value;
  }
  ADD_FAILURE() << "no fact " << name;
  return 0;
}

TEST(Facts, OfSmallSeriesAreTheirFormulas) {
  // two assets that mirror each other; the portfolio holds the first alone
  std::vector<double> returns;
  for (int bar = 0; bar < 100; ++bar) {
    const double x = std::log1p(bar % 4 == 3 ? -0.03 : 0.01);
    returns.push_back(x);
    returns.push_back(-x);
  }
  const std::vector<double> weights{1, 0};
  const auto facts = stylised_facts(returns, 2, weights);
  // P(−0.03) = 1/4, P(0.01) = 3/4: mean 0, variance 3e-4, third moment −6e-6, fourth 2.1e-7
  EXPECT_NEAR(value_of(facts, "volatility"), std::sqrt(3e-4), 1e-12);
  EXPECT_NEAR(value_of(facts, "skewness"), -6e-6 / std::pow(3e-4, 1.5), 1e-9);
  EXPECT_NEAR(value_of(facts, "excess kurtosis"), 2.1e-7 / 9e-8 - 3, 1e-9);
  EXPECT_NEAR(value_of(facts, "correlation, mean of pairs"), -1, 1e-9);
  const auto tails = strategy_tails(returns, 2);
  EXPECT_NEAR(value_of(tails, "half against half VaR 95 %"), 0.5 * (0.03 + 1 / 0.97 - 1), 1e-9);
}

TEST(Facts, AgreeWhereHistoryLiesInTheBand) {
  const std::vector<Fact> real{{"a", "", 1.0}, {"b", "", 9.0}};
  std::vector<std::vector<Fact>> dreamed;
  for (int i = 0; i < 5; ++i) dreamed.push_back({{"a", "", 0.8 + 0.1 * i}, {"b", "", 1.0 * i}});
  const auto rows = compare(real, dreamed);
  EXPECT_TRUE(rows[0].within);
  EXPECT_FALSE(rows[1].within);
  EXPECT_NEAR(rows[0].dreamed, 1.0, 1e-12);
  EXPECT_NEAR(rows[1].low, 0.1, 1e-12);
}

}  // namespace
}  // namespace regent::scenario
