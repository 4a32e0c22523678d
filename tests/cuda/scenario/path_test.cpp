// What a path is made of: the same bits wherever and with whomever it is made, draws that do not move each
// other, and accounts that a plain double loop over the kept steps gives too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "base/error.hpp"
#include "base/normal.hpp"
#include "tests/base/temporary_folder.hpp"
#include "tests/cuda/scenario/laws.hpp"

namespace regent::cuda::scenario::test {
namespace {

// The same with volatilities of the assets' own.
Law rich_law_apart() {
  Law law = rich_law();
  law.own_volatility = {.apart = true, .persistence = 0.95, .response = 0.3};
  return law;
}

TEST(ScenarioPath, IsTheSameOnEveryBackendAndInstructionSet) {
  for (const Law& law : {rich_law(), rich_law_apart()}) {
    const Task task = rich_task(law);
    const Outcomes narrow = run(Resources::make_cpu(InstructionSet::baseline), task, 5, 100);
    for (const InstructionSet set : {InstructionSet::avx2, InstructionSet::avx512})
      expect_same(narrow, 0, run(Resources::make_cpu(set), task, 5, 100), 0, 100);
    if (gpu_count() == 0) continue;
    expect_same(narrow, 0, run(Resources::make("cuda"), task, 5, 100), 0, 100);
  }
  if (gpu_count() == 0) GTEST_SKIP() << "no GPU here: the CPU's instruction sets alone were compared";
}

TEST(ScenarioPath, OfSixteenAssetsAndFourFactorsIsTheSameOnTheGpu) {
  if (gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  for (const bool apart : {false, true}) {
    Law law = rich_law(16, 4);
    if (apart) law.own_volatility = {.apart = true, .persistence = 0.99, .response = 0.15};
    for (const Task& task : {hold(law, 50, 3), rich_task(law)})
      expect_same(run(Resources::make("cpu"), task, 0, 300), 0, run(Resources::make("cuda"), task, 0, 300), 0,
                  300);
  }
}

// More than the GPU takes in one launch.
TEST(ScenarioPath, OfManyLaunchesIsTheSameOnTheGpu) {
  if (gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  const Law law = one_asset(0, 0.01);
  const Task task = hold(law, 5, 3);
  constexpr std::int64_t paths = 3 * (1 << 18) + 77;
  expect_same(run(Resources::make("cpu"), task, 9, paths), 0, run(Resources::make("cuda"), task, 9, paths), 0,
              paths);
}

TEST(ScenarioPath, ThatLeavesTheRangeOfNumbersIsNamedTheFirstFirst) {
  const Law law = one_asset(0.04, 2);
  const Task task = hold(law, 10'000, 3);  // one path in sixteen ends beyond what a double holds, e^709
  const Resources cpu = Resources::make("cpu");
  const auto refusal = [&](std::uint64_t first, std::int64_t paths) -> std::string {
    try {
      run(cpu, task, first, paths);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  std::uint64_t first = 0;
  while (first < 200 && refusal(first, 1).empty()) ++first;
  ASSERT_GT(first, 0U) << refusal(0, 1);
  ASSERT_LT(first, 200U);
  const auto names_it = testing::HasSubstr("path " + std::to_string(first) + " ");
  EXPECT_THAT(refusal(0, 4000), names_it);
  EXPECT_THAT(refusal(first, 1), names_it);
}

TEST(ScenarioPath, IsMadeAgainAloneAndBeyondThirtyTwoBits) {
  const Law law = rich_law();
  const Task task = rich_task(law);
  const Resources cpu = Resources::make("cpu");
  for (const std::uint64_t first :
       {std::uint64_t{0}, (std::uint64_t{1} << 32) - 7, (std::uint64_t{1} << 56) - 40}) {
    const Outcomes many = run(cpu, task, first, 40);
    for (const std::size_t i : {0U, 6U, 7U, 39U}) expect_same(many, i, run(cpu, task, first + i, 1), 0, 1);
  }
  // the upper bits matter: path 2^32 is not path 0
  EXPECT_NE(run(cpu, task, 0, 1).final_equity[0], run(cpu, task, std::uint64_t{1} << 32, 1).final_equity[0]);
}

TEST(ScenarioPath, OfNoPathsIsEmptyAndNumbersBeyondFiftySixBitsAreRefused) {
  const Law law = rich_law();
  const Resources cpu = Resources::make("cpu");
  EXPECT_TRUE(run(cpu, rich_task(law), 0, 0).final_equity.empty());
  EXPECT_THROW(run(cpu, rich_task(law), std::uint64_t{1} << 56, 1), InputError);
  EXPECT_THROW(run(cpu, rich_task(law), 0, -1), InputError);
}

TEST(ScenarioPath, KeepsItsDiffusionWhenJumpsTailsAndShocksAreAdded) {
  const Law all = rich_law();
  Law plain = rich_law();
  plain.jumps = {};
  plain.liquidity = {};
  const Resources cpu = Resources::make("cpu");
  Law jumping = plain;
  jumping.jumps = all.jumps;
  jumping.jumps.variance = 0;
  const auto before = record(cpu, rich_task(plain), 0, 20), after = record(cpu, rich_task(jumping), 0, 20);
  int moved = 0;
  for (std::size_t i = 0; i < before.log_returns.size(); ++i)
    moved += before.log_returns[i] != after.log_returns[i];
  const double share = moved / static_cast<double>(before.log_returns.size());
  EXPECT_GT(share, 0.02);  // there were jumps
  EXPECT_LT(share, 0.3);   // and nothing but them
  EXPECT_EQ(before.regime, after.regime);
}

// The account of a path in plain double from its kept log returns.
TEST(ScenarioPath, HasTheAccountsOfAPlainLoopOverItsSteps) {
  Law law = rich_law();
  law.liquidity = {};
  Task task = rich_task(law);
  task.policy.volatility_target = task.policy.trend_half_life_bars = 0;
  task.policy.exposure_max = 1;
  task.ruin_equity = 0.9;  // some paths
  const Resources cpu = Resources::make("cpu");
  const Outcomes out = run(cpu, task, 0, 64);
  const Paths kept = record(cpu, task, 0, 64);
  const auto& w = task.policy.target;
  int ruined = 0;
  for (std::size_t p = 0; p < 64; ++p) {
    double gross = 0, squares = 0;
    for (const double x : w) {
      gross += std::abs(x);
      squares += x * x;
    }
    const double first = gross * 0.0015 + 0.01 * squares;
    double equity = 1 - first, peak = 1, depth = first, turnover = 0, costs = first;
    int ruin = -1;
    std::vector<double> held = w;
    for (int t = 0; t < task.steps && ruin < 0; ++t) {
      double g = 1;
      std::vector<double> r(5);
      for (int i = 0; i < 5; ++i) {
        r[i] = std::expm1(static_cast<double>(kept.log_returns[(p * task.steps + t) * 5 + i]));
        g += held[i] * r[i];
      }
      double traded = 0, square = 0;
      for (int i = 0; i < 5; ++i) {
        held[i] *= (1 + r[i]) / g;
        if ((t + 1) % 3 != 0) continue;
        traded += std::abs(w[i] - held[i]);
        square += (w[i] - held[i]) * (w[i] - held[i]);
        held[i] = w[i];
      }
      const double cost = traded * 0.0015 + 0.01 * square;
      equity *= std::max(0.0, g) * (1 - cost);
      turnover += traded;
      costs += cost;
      peak = std::max(peak, equity);
      depth = std::max(depth, 1 - equity / peak);
      if (equity <= task.ruin_equity) ruin = t;
      ASSERT_NEAR(kept.equity[p * task.steps + t], equity, 1e-5) << "path " << p << " step " << t;
    }
    ruined += ruin >= 0;
    EXPECT_NEAR(out.final_equity[p], equity, 1e-5);
    EXPECT_NEAR(out.drawdown_max[p], depth, 1e-5);
    EXPECT_NEAR(out.turnover[p], turnover, 1e-4);
    EXPECT_NEAR(out.costs[p], costs, 1e-6);
    EXPECT_EQ(out.ruin_step[p], ruin) << "path " << p;
  }
  EXPECT_GT(ruined, 0) << "no path was ruined: the test says nothing of ruin";
  EXPECT_LT(ruined, 64);
}

TEST(ScenarioPath, LosesEverythingAtMost) {
  Law law = one_asset(0, 0);
  std::vector<Stress> schedule(3);
  schedule[1].market_move = std::log(3.0);
  Task task = hold(law, 3, 1);
  task.schedule = schedule;
  task.policy.target = {-1};  // short a price that trebles: −200 %
  const Outcomes out = run(Resources::make("cpu"), task, 0, 1);
  EXPECT_EQ(out.final_equity[0], 0);
  EXPECT_EQ(out.drawdown_max[0], 1);
  EXPECT_EQ(out.ruin_step[0], 1);
}

TEST(ScenarioPath, FollowsItsSchedule) {
  Law law = rich_law();
  law.jumps = {};
  law.drift.assign(10, 0.001);
  law.drift_of_variance.clear();
  const Resources cpu = Resources::make("cpu");
  Task task = rich_task(law);
  const Paths before = record(cpu, task, 0, 8);
  std::vector<Stress> schedule(60);
  schedule[10] = {.volatility = 2, .drift = -1, .market_move = -0.1};
  task.schedule = schedule;
  const Paths after = record(cpu, task, 0, 8);
  for (std::size_t p = 0; p < 8; ++p) {
    for (int i = 0; i < 5; ++i) {
      const std::size_t at = (p * 60 + 10) * 5 + i;
      const double x = before.log_returns[at], expected = 2 * (x - 0.001) - 0.001 - 0.1 * law.beta[i];
      EXPECT_NEAR(after.log_returns[at], expected, 1e-6);
      EXPECT_EQ(after.log_returns[at + 5], before.log_returns[at + 5]);
    }
  }
  for (Stress& stress : schedule) stress.regime = 1;
  task.schedule = schedule;
  EXPECT_TRUE(std::ranges::all_of(record(cpu, task, 0, 8).regime, [](int k) { return k == 1; }));
}

TEST(ScenarioPath, PaysAStressedImpactAndLosesAStressedVariance) {
  Law law = one_asset(0, 0);
  law.drift_of_variance = {-0.01};
  const std::vector<Stress> schedule{{.volatility = 3, .impact = 4}};
  Task task = hold(law, 1, 1);
  task.schedule = schedule;
  task.costs.impact = 0.02;
  const Resources cpu = Resources::make("cpu");
  EXPECT_NEAR(run(cpu, task, 0, 1).costs[0], 0.08, 1e-7);
  EXPECT_NEAR(record(cpu, task, 0, 1).log_returns[0], -0.09, 1e-7);
}

TEST(ScenarioPath, NeverMovesToARegimeThatItCannotReach) {
  // 0 → 1 → 2 → 0, without staying
  const Law law = chain({0, 1, 0, 0, 0, 1, 1, 0, 0});
  const Paths kept = record(Resources::make("cpu"), hold(law, 60, 9), 0, 64);
  for (std::size_t i = 0; i < kept.regime.size(); ++i) ASSERT_EQ(kept.regime[i], i % 60 % 3);
}

TEST(ScenarioTails, HaveTheQuantilesAndTheVarianceOfAStudentT) {
  Law law = one_asset(0, 0.01);
  law.dof = 4;
  const std::int64_t paths = 1 << 18;
  const Outcomes out = run(Resources::make("cpu"), hold(law, 1, 5), 0, paths);
  // unit variance: t_4 / √2; P(|t_4| > 2.776445105) = 0.05, > 4.604094871: 0.01, > 8.610301581: 0.001
  for (const auto& [t, p] : {std::pair{2.776445105, 0.05}, {4.604094871, 0.01}, {8.610301581, 0.001}}) {
    const Estimate share = mean_of(out.final_equity, [&](double x) {
      return std::abs(std::log(x)) > 0.01 * t / std::sqrt(2.0) ? 1.0 : 0.0;
    });
    EXPECT_NEAR(share.mean, p, 3 * share.standard_error);
  }
  law.dof = 8;  // has a fourth moment, so its variance can be estimated
  const Outcomes eight = run(Resources::make("cpu"), hold(law, 1, 5), 0, paths);
  const Estimate square =
      mean_of(eight.final_equity, [](double x) { return 1e4 * std::log(x) * std::log(x); });
  EXPECT_NEAR(square.mean, 1, 3 * square.standard_error);
}

// Assets without factors: a log return is 0.01 of an own shock.
Law own_shocks_alone(const std::vector<double>& dof) {
  Law law = one_asset(0, 0);
  law.assets = static_cast<int>(dof.size());
  law.drift.assign(dof.size(), 0);
  law.loadings.assign(dof.size(), 0);
  law.idiosyncratic.assign(dof.size(), 0.01);
  law.idiosyncratic_dof = dof;
  return law;
}

TEST(ScenarioOwnShocks, HaveTheQuantilesAndTheVarianceOfAStudentT) {
  const std::int64_t paths = 1 << 18;
  const Outcomes out = run(Resources::make("cpu"), hold(own_shocks_alone({4}), 1, 5), 0, paths);
  for (const auto& [t, p] : {std::pair{2.776445105, 0.05}, {4.604094871, 0.01}, {8.610301581, 0.001}}) {
    const Estimate share = mean_of(out.final_equity, [&](double x) {
      return std::abs(std::log(x)) > 0.01 * t / std::sqrt(2.0) ? 1.0 : 0.0;
    });
    EXPECT_NEAR(share.mean, p, 3 * share.standard_error);
  }
  const Outcomes eight = run(Resources::make("cpu"), hold(own_shocks_alone({8}), 1, 5), 0, paths);
  const Estimate square =
      mean_of(eight.final_equity, [](double x) { return 1e4 * std::log(x) * std::log(x); });
  EXPECT_NEAR(square.mean, 1, 3 * square.standard_error);
}

TEST(ScenarioOwnShocks, MoveNothingButTheirAssetAndLeaveAGaussianItsBits) {
  const std::size_t n = 5;
  Law law = rich_law();
  law.idiosyncratic_dof.clear();
  const Resources cpu = Resources::make("cpu");
  const Paths before = record(cpu, rich_task(law), 0, 20);
  law.idiosyncratic_dof = {0, 0, 3, 0, 0};
  const Paths after = record(cpu, rich_task(law), 0, 20);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < before.log_returns.size(); ++i) {
    if (i % n == 2) {
      moved += before.log_returns[i] != after.log_returns[i];
    } else {
      ASSERT_EQ(before.log_returns[i], after.log_returns[i]) << "entry " << i;
    }
  }
  EXPECT_GT(moved, before.log_returns.size() / n * 9 / 10);
  EXPECT_EQ(before.regime, after.regime);
}

TEST(ScenarioOwnShocks, OfTwoAssetsAreLargeAtDifferentTimes) {
  const std::size_t n = 5, steps = 4000;
  const Paths kept = record(Resources::make("cpu"), hold(own_shocks_alone({3, 3, 3, 3, 3}), steps, 6), 0, 16);
  const double rows = static_cast<double>(kept.log_returns.size() / n);
  // P(|t_3| > 5.840909) = 0.01: two at once in 0.0001 of the steps
  const auto large = [&](std::size_t row, std::size_t i) {
    return std::abs(kept.log_returns[row * n + i]) > 0.01 * 5.840909 / std::sqrt(3.0);
  };
  for (std::size_t i = 1; i < n; ++i) {
    double both = 0;
    for (std::size_t row = 0; row < kept.log_returns.size() / n; ++row)
      both += large(row, i) && large(row, i - 1);
    EXPECT_NEAR(both, 1e-4 * rows, 4 * std::sqrt(1e-4 * rows)) << "asset " << i;
  }
}

TEST(ScenarioOwnVolatility, IsMadeAgainAlone) {
  const Law law = rich_law_apart();
  const Task task = rich_task(law);
  const Outcomes all = run(Resources::make("cpu"), task, 0, 40);
  for (const std::uint64_t path : {0U, 17U, 39U})
    expect_same(all, path, run(Resources::make("cpu"), task, path, 1), 0, 1);
}

TEST(ScenarioOwnVolatility, LeavesWhatIsSharedItsBits) {
  Law law = rich_law();
  law.idiosyncratic.assign(law.idiosyncratic.size(), 0);
  const Paths before = record(Resources::make("cpu"), rich_task(law), 0, 20);
  law.own_volatility = rich_law_apart().own_volatility;
  const Paths after = record(Resources::make("cpu"), rich_task(law), 0, 20);
  EXPECT_EQ(before.log_returns, after.log_returns);
  EXPECT_EQ(before.regime, after.regime);
}

// Variances have mean 1 at every step, from the first on, and the next is large where one was; the kurtosis
// is that of a lognormal mixture, 3·exp(response²·(1 − 2/π)/(1 − persistence²)) where u is nearly lognormal.
TEST(ScenarioOwnVolatility, KeepsItsMeanAndClusters) {
  const std::size_t steps = 60, n = 5;
  Law law = own_shocks_alone(std::vector<double>(n, 0));
  law.own_volatility = {.apart = true, .persistence = 0.98, .response = 0.1};
  const Paths kept = record(Resources::make("cpu"), hold(law, steps, 8), 0, 8192);
  std::vector<double> square(steps, 0);
  double product = 0, fourth = 0;
  for (std::size_t row = 0; row < kept.log_returns.size() / n; ++row) {
    for (std::size_t i = 0; i < n; ++i) {
      const double a = 1e4 * std::pow(kept.log_returns[row * n + i], 2);
      square[row % steps] += a / (8192.0 * n);
      fourth += a * a;
      if (row % steps + 1 < steps)
        product += (a - 1) * (1e4 * std::pow(kept.log_returns[(row + 1) * n + i], 2) - 1);
    }
  }
  const double count = static_cast<double>(kept.log_returns.size());
  for (std::size_t t = 0; t < steps; ++t) EXPECT_NEAR(square[t], 1, 0.04) << "step " << t;
  const double spread = 0.01 * (1 - 2 / std::numbers::pi) / (1 - 0.98 * 0.98);
  EXPECT_NEAR(fourth / count, 3 * std::exp(spread), 0.06);
  // a large shock raises the next variance: E z²·exp(a·|z|) / E exp(a·|z|) = 1 + a² + a·φ(a)/Φ(a)
  const double raised = 1 + 0.01 + 0.1 * std::exp(-0.005) / std::sqrt(2 * std::numbers::pi) / normal_cdf(0.1);
  EXPECT_NEAR(product / count * steps / (steps - 1), raised * std::exp(0.98 * spread) - 1, 0.02);
}

TEST(ScenarioVolatility, KeepsItsMeanAndClusters) {
  Law law = one_asset(0, 0.01);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.05, .gamma = 0.1, .beta = 0.8};
  const Paths kept = record(Resources::make("cpu"), hold(law, 400, 8), 0, 256);
  double square = 0, product = 0, n = 0;
  for (std::size_t i = 0; i + 1 < kept.log_returns.size(); ++i) {
    if (i % 400 == 399) continue;
    const double a = 1e4 * kept.log_returns[i] * kept.log_returns[i];
    const double b = 1e4 * kept.log_returns[i + 1] * kept.log_returns[i + 1];
    square += a;
    product += (a - 1) * (b - 1);
    n += 1;
  }
  EXPECT_NEAR(square / n, 1, 0.04);
  EXPECT_GT(product / n, 0.15);
}

// Two regimes that jump at different rates, jumps that breed jumps, and v raised by each.
TEST(ScenarioVolatility, KeepsItsMeanWhereJumpsRaiseIt) {
  Law law = one_asset(0, 0.01);
  law.regimes = 2;
  law.start = {1, 0};
  law.transition = {0.9, 0.1, 0.3, 0.7};  // three quarters of the time in the first
  for (auto* values : {&law.drift, &law.drift_of_variance, &law.loadings, &law.idiosyncratic}) {
    if (!values->empty()) values->push_back(values->front());
  }
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.04, .gamma = 0.04, .beta = 0.8};
  law.jumps = {.intensity = {0.02, 0.1}, .scale = {0}, .excitation = 2, .decay = 0.5, .variance = 1.5};
  // E x·[regime] of the excitation x solves m = Pᵀ·(m/2 + 2·intensity·(share + m))
  const double a = 0.5 + 2 * 0.02, b = 0.5 + 2 * 0.1, c = 2 * 0.02 * 0.75, d = 2 * 0.1 * 0.25;
  const double det = (1 - 0.9 * a) * (1 - 0.7 * b) - 0.3 * b * 0.1 * a;
  const double m0 = ((0.9 * c + 0.3 * d) * (1 - 0.7 * b) + 0.3 * b * (0.1 * c + 0.7 * d)) / det;
  const double m1 = ((0.1 * c + 0.7 * d) * (1 - 0.9 * a) + 0.1 * a * (0.9 * c + 0.3 * d)) / det;
  const double rate = 0.02 * (0.75 + m0) + 0.1 * (0.25 + m1);
  EXPECT_NEAR(mean_jumps_of(law), rate, 1e-10);
  EXPECT_NEAR(garch_base_of(law), 1 - 0.04 - 0.02 - 0.8 - 1.5 * rate, 1e-12);
  const auto mean_square = [&] {
    const Paths kept = record(Resources::make("cpu"), hold(law, 1000, 8), 0, 512);
    double square = 0, n = 0;
    for (std::size_t i = 0; i < kept.log_returns.size(); ++i) {
      if (i % 1000 < 200) continue;
      square += 1e4 * kept.log_returns[i] * kept.log_returns[i];
      n += 1;
    }
    return square / n;
  };
  EXPECT_NEAR(mean_square(), 1, 0.04);
  // a wild regime that lasts, where jumps breed jumps: many times those of well-mixed regimes
  law.start = {0.9, 0.1};
  law.transition = {0.998, 0.002, 0.018, 0.982};
  law.jumps.intensity = {0.002, 0.1};
  law.jumps.excitation = 2.1;
  law.jumps.decay = 0.7;
  EXPECT_GT(mean_jumps_of(law), 0.03);
  EXPECT_NEAR(mean_square(), 1, 0.06);
  law.jumps.intensity[1] = 0.5;
  EXPECT_EQ(mean_jumps_of(law), std::numeric_limits<double>::infinity());
  law.jumps.variance = 10;
  EXPECT_THAT(
      regent::test::message_of<InputError>([&] { record(Resources::make("cpu"), hold(law, 10, 8), 0, 1); }),
      testing::HasSubstr("jumps a step raise v faster"));
}

TEST(ScenarioHistory, IsReplayedWindowByWindow) {
  History history{.kind = HistoryKind::replay, .assets = 2};
  for (int bar = 0; bar < 50; ++bar) {
    history.log_returns.push_back(0.001 * bar);
    history.log_returns.push_back(-0.002 * bar);
  }
  Task task;
  task.history = &history;
  task.policy.target = {0.5, 0.5};
  task.steps = 20;
  const Paths kept = record(Resources::make("cpu"), task, 0, 40);
  constexpr std::size_t windows = 31, stride = 19;  // 31/φ = 19.2
  for (std::size_t p = 0; p < 40; ++p) {
    for (std::size_t t = 0; t < 20; ++t) {
      const double bar = static_cast<double>(p * stride % windows + t);
      ASSERT_EQ(kept.log_returns[(p * 20 + t) * 2], static_cast<float>(0.001 * bar));
      ASSERT_EQ(kept.log_returns[(p * 20 + t) * 2 + 1], static_cast<float>(-0.002 * bar));
    }
  }
}

TEST(ScenarioHistory, IsReplayedFromAllOverItOnceEach) {
  for (const std::int32_t windows : {1, 2, 3, 6, 8061, 68148}) {
    const std::int64_t stride = replay_stride(windows);
    std::set<std::int64_t> starts;
    std::array<int, 4> of_quarter{};
    for (std::int64_t p = 0; p < windows; ++p) {
      starts.insert(p * stride % windows);
      if (p < 400) ++of_quarter[static_cast<std::size_t>(p * stride % windows * 4 / windows)];
    }
    EXPECT_EQ(std::ssize(starts), windows);
    for (const int count : of_quarter) EXPECT_NEAR(count, 100, windows > 400 ? 3 : 100) << windows;
  }
}

// Each return names its bar, so that where blocks begin can be read off.
std::vector<int> bars_of_bootstrap(HistoryKind kind, double block, int steps, int paths) {
  History history{.kind = kind, .assets = 1, .block_bars = block};
  for (int bar = 0; bar < 64; ++bar) history.log_returns.push_back(bar / 1024.0);
  Task task;
  task.history = &history;
  task.policy.target = {0};
  task.steps = steps;
  const Paths kept = record(Resources::make("cpu"), task, 0, paths);
  std::vector<int> bars;
  for (const float x : kept.log_returns) bars.push_back(static_cast<int>(std::lround(x * 1024)));
  return bars;
}

TEST(ScenarioHistory, OfCircularBlocksGoesOnWithinThem) {
  const auto bars = bars_of_bootstrap(HistoryKind::circular, 10, 100, 40);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (i % 10 == 0) continue;
    ASSERT_EQ(bars[i], (bars[i - 1] + 1) % 64) << i;
  }
}

TEST(ScenarioHistory, OfStationaryBlocksRestartsAsOftenAsAsked) {
  const int steps = 200, paths = 200;
  const auto bars = bars_of_bootstrap(HistoryKind::stationary, 8, steps, paths);
  std::vector<int> seen(64, 0);
  double restarts = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    seen[bars[i]] += 1;
    if (i % steps != 0) restarts += bars[i] != (bars[i - 1] + 1) % 64;
  }
  // a restart lands on the following bar once in 64 times
  const double n = paths * (steps - 1), p = 1.0 / 8 * 63 / 64;
  EXPECT_NEAR(restarts / n, p, 3 * std::sqrt(p * (1 - p) / n));
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 0.7 * steps * paths / 64);
}

}  // namespace
}  // namespace regent::cuda::scenario::test
