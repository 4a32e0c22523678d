#include "cuda/trading/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace regent::cuda {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// A market of random returns, some of them missing.
struct Market {
  std::vector<float> returns, scales;
  EnvironmentData data;

  Market(std::size_t bars, std::size_t symbols, std::uint64_t seed, double missing = 0,
         double spread = 0.04) {
    const Random random{seed};
    for (std::size_t cell = 0; cell < bars * symbols; ++cell) {
      const Philox4 bits = random.bits(static_cast<std::uint32_t>(cell), 0, 0, Purpose::none);
      const Philox4 more = random.bits(static_cast<std::uint32_t>(cell), 1, 0, Purpose::none);
      returns.push_back(static_cast<float>(spread * (uniform_from_bits(bits.x, bits.y) - 0.5)));
      scales.push_back(static_cast<float>(0.005 + 0.02 * uniform_from_bits(bits.z, bits.w)));
      if (uniform_from_bits(more.x, more.y) < missing) returns.back() = nan;
      if (uniform_from_bits(more.z, more.w) < missing) scales.back() = nan;
    }
    data = {returns, scales, bars, symbols};
  }
};

struct Lanes {
  EnvironmentState state;
  std::vector<float> action, reward, net_return;
  std::vector<std::uint8_t> done, frozen;

  explicit Lanes(std::size_t count)
      : action(count), reward(count), net_return(count), done(count), frozen(count) {}
  EnvironmentStep io() { return {action, reward, net_return, done, frozen}; }
};

std::vector<float> random_actions(std::size_t lanes, std::uint32_t step, std::uint64_t seed) {
  const Random random{seed};
  std::vector<float> actions;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const Philox4 bits = random.bits(static_cast<std::uint32_t>(lane), step, 0, Purpose::none);
    actions.push_back(static_cast<float>(2 * uniform_from_bits(bits.x, bits.y) - 1));
  }
  return actions;
}

class Environment : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "cuda" && gpu_count() == 0)
      GTEST_SKIP() << "no CUDA build, driver or GPU on this machine";
    resources = std::make_unique<Resources>(Resources::make(GetParam()));
  }
  // One lane at bar 0 of the market.
  Lanes one_lane(const Market& market, const EnvironmentSettings& settings) {
    Lanes lanes(1);
    reset(*resources, settings, market.data, lanes.state, 1, 0, 1, 1);
    return lanes;
  }
  void advance(const Market& market, const EnvironmentSettings& settings, Lanes& lanes, float action,
               std::size_t end_bar, std::uint32_t index = 0) {
    lanes.action[0] = action;
    step(*resources, settings, market.data, lanes.state, lanes.io(), 0, end_bar, 1, index);
  }
  std::unique_ptr<Resources> resources;
};

INSTANTIATE_TEST_SUITE_P(Backend, Environment, testing::Values("cpu", "cuda"),
                         [](const auto& info) { return info.param; });

// The formulas of environment.hpp written again, in long double, following money instead of fractions: cash
// and shares at a price, a commission on the traded value.
struct Account {
  long double cash = 1, shares = 0, price = 1;
  long double equity() const { return cash + shares * price; }
  long double position() const { return shares * price / equity(); }
  // The commission is taken off the equity before it is split, so that the target holds afterwards.
  void rebalance(long double target, long double cost_rate) {
    const long double after = equity() * (1 - cost_rate * std::abs(target - position()));
    shares = target * after / price;
    cash = after - shares * price;
  }
};

TEST_P(Environment, EqualsAnAccountOfCashAndSharesOverManyBars) {
  const Market market(300, 1, 11);
  const EnvironmentSettings settings{0.00125, 1.7, 1000};
  Lanes lanes = one_lane(market, settings);
  lanes.state.bar[0] = 0;
  Account account;
  long double equity_before = 1;
  for (std::uint32_t bar = 0; bar + 1 < 300; ++bar) {
    const float target = random_actions(1, bar, 12)[0];
    account.rebalance(target, 0.00125L);
    account.price *= 1 + static_cast<long double>(market.returns[bar]);
    advance(market, settings, lanes, target, 300, bar);
    const long double net = account.equity() / equity_before - 1;
    const long double held = static_cast<long double>(target) * market.returns[bar];
    ASSERT_NEAR(lanes.net_return[0], static_cast<double>(net), 2e-8) << "bar " << bar;
    ASSERT_NEAR(lanes.reward[0],
                static_cast<double>((std::log1p(net) - 0.5L * 1.7L * held * held) / market.scales[bar]),
                2e-6);
    ASSERT_NEAR(lanes.state.position[0], static_cast<double>(account.position()), 1e-6);
    ASSERT_NEAR(lanes.state.log_equity[0], static_cast<double>(std::log(account.equity())), 1e-7);
    equity_before = account.equity();
  }
}

TEST_P(Environment, ChargesExactlyTheCostRateTimesTheTradedFraction) {
  Market market(4, 1, 1);
  market.returns.assign(4, 0.0F);
  const EnvironmentSettings settings{0.01, 0.0, 100};
  Lanes lanes = one_lane(market, settings);
  advance(market, settings, lanes, 0.5F, 4);
  EXPECT_FLOAT_EQ(lanes.net_return[0], -0.005F);  // 0 → 0.5
  EXPECT_FLOAT_EQ(lanes.state.position[0], 0.5F);
  advance(market, settings, lanes, -1.0F, 4);
  EXPECT_FLOAT_EQ(lanes.net_return[0], -0.015F);  // 0.5 → −1
  advance(market, settings, lanes, -1.0F, 4);
  EXPECT_EQ(lanes.net_return[0], 0.0F);  // no trade, no cost, no return
}

TEST_P(Environment, PaysOnlyTheWayOutWhenTheActionIsZero) {
  Market market(4, 1, 1);
  market.returns = {0.5F, 0.25F, 0.1F, 0.0F};
  const EnvironmentSettings settings{0.01, 1.0, 100};
  Lanes lanes = one_lane(market, settings);
  advance(market, settings, lanes, 0.5F, 4);
  const double drifted = 0.5 * 1.5 / 1.25;  // the price rose, so the position did
  EXPECT_NEAR(lanes.state.position[0], drifted, 1e-7);
  advance(market, settings, lanes, 0.0F, 4);
  EXPECT_NEAR(lanes.net_return[0], -0.01 * drifted, 1e-8);
  EXPECT_EQ(lanes.state.position[0], 0.0F);
  advance(market, settings, lanes, 0.0F, 4);
  EXPECT_EQ(lanes.net_return[0], 0.0F);
  EXPECT_EQ(lanes.reward[0], 0.0F);
}

TEST_P(Environment, FreezesALaneWhoseReturnOrVolatilityIsMissing) {
  const EnvironmentSettings settings{0.01, 1.0, 100};
  for (const auto& [missing_return, missing_scale] : {std::pair{nan, 0.01F},
                                                      {0.1F, nan},
                                                      {0.1F, 0.0F},
                                                      {-1.0F, 0.01F},
                                                      {std::numeric_limits<float>::infinity(), 0.01F}}) {
    Market market(5, 1, 1);
    market.returns = {0.0F, missing_return, 0.1F, missing_return, 0.0F};
    market.scales = {0.01F, missing_scale, 0.01F, missing_scale, 0.01F};
    Lanes lanes = one_lane(market, settings);
    advance(market, settings, lanes, 0.5F, 5);
    EXPECT_EQ(lanes.frozen[0], 0);
    const double equity = lanes.state.log_equity[0];
    advance(market, settings, lanes, -1.0F, 5);  // neither closed nor turned
    EXPECT_EQ(lanes.frozen[0], 1);
    EXPECT_EQ(lanes.net_return[0], 0.0F);
    EXPECT_EQ(lanes.reward[0], 0.0F);
    EXPECT_EQ(lanes.state.position[0], 0.5F);
    EXPECT_EQ(lanes.state.log_equity[0], equity);
    advance(market, settings, lanes, 0.0F, 5);  // closed now, and the cost is paid now
    EXPECT_NEAR(lanes.net_return[0], -0.005, 1e-8);
    advance(market, settings, lanes, 1.0F, 5);  // not opened
    EXPECT_EQ(lanes.state.position[0], 0.0F);
    EXPECT_EQ(lanes.frozen[0], 1);
  }
}

TEST_P(Environment, NeverReportsANumberThatIsNotFinite) {
  const Market market(200, 5, 21, 0.2, 1.9);  // many gaps, returns up to ±95 %
  const EnvironmentSettings settings{0.1, 5.0, 50};
  Lanes lanes(300);
  reset(*resources, settings, market.data, lanes.state, 300, 10, 190, 3);
  int ruins = 0;
  for (std::uint32_t index = 0; index < 400; ++index) {
    lanes.action = random_actions(300, index, 22);
    step(*resources, settings, market.data, lanes.state, lanes.io(), 10, 190, 3, index);
    for (std::size_t lane = 0; lane < 300; ++lane) {
      ASSERT_TRUE(std::isfinite(lanes.reward[lane]));
      ASSERT_TRUE(std::isfinite(lanes.net_return[lane]));
      ASSERT_GE(lanes.net_return[lane], -0.95F);
      ASSERT_TRUE(std::isfinite(lanes.state.position[lane]));
      ASSERT_TRUE(std::isfinite(lanes.state.log_equity[lane]));
      ruins += lanes.done[lane] == episode_ruined ? 1 : 0;
    }
  }
  EXPECT_GT(ruins, 0) << "the case must reach ruin to test it";
}

TEST_P(Environment, EndsTheEpisodeOfARuinedShort) {
  Market market(3, 1, 1);
  market.returns = {1.5F, 0.0F, 0.0F};
  const EnvironmentSettings settings{0.001, 0.0, 100};
  Lanes lanes = one_lane(market, settings);
  advance(market, settings, lanes, -1.0F, 3);
  EXPECT_EQ(lanes.done[0], episode_ruined);
  EXPECT_FLOAT_EQ(lanes.net_return[0], -0.95F);
  EXPECT_EQ(lanes.state.position[0], 0.0F);
  EXPECT_EQ(lanes.state.log_equity[0], 0.0);
}

TEST_P(Environment, GainsNothingFromACostAndALossThatBothExceedEquity) {
  Market market(3, 1, 1);
  market.returns = {0.94F, 1.5F, 0.0F};
  const EnvironmentSettings settings{0.1, 0.0, 100};
  Lanes lanes = one_lane(market, settings);
  lanes.state.position[0] = -30.0F;  // far drifted: the trade back to −1 costs 290 % of equity
  lanes.state.bar[0] = 1;
  advance(market, settings, lanes, -1.0F, 3);
  EXPECT_EQ(lanes.done[0], episode_ruined);
  EXPECT_FLOAT_EQ(lanes.net_return[0], -0.95F);
}

TEST_P(Environment, EndsAnEpisodeAfterItsBarsAndAtTheEndOfTheRange) {
  const Market market(40, 2, 5);
  const EnvironmentSettings settings{0.001, 1.0, 7};
  Lanes lanes(1);
  reset(*resources, settings, market.data, lanes.state, 1, 0, 20, 9);
  int length = 0;
  for (std::uint32_t index = 0; index < 500; ++index) {
    const std::int32_t bar = lanes.state.bar[0];
    ASSERT_GE(bar, 0);
    ASSERT_LT(bar, 20);
    step(*resources, settings, market.data, lanes.state, lanes.io(), 0, 20, 9, index);
    ++length;
    const bool expected = length == 7 || bar == 19;
    ASSERT_EQ(lanes.done[0], expected ? episode_time_limit : episode_runs)
        << "bar " << bar << " length " << length;
    if (!expected) {
      ASSERT_EQ(lanes.state.bar[0], bar + 1);
      continue;
    }
    length = 0;
    ASSERT_EQ(lanes.state.bars_left[0], 7);
    ASSERT_EQ(lanes.state.position[0], 0.0F);
    ASSERT_EQ(lanes.state.log_equity[0], 0.0);
  }
}

TEST_P(Environment, StartsEpisodesEverywhereInTheRangeAndNowhereElse) {
  const Market market(40, 3, 5);
  const EnvironmentSettings settings;
  Lanes lanes(9000);
  reset(*resources, settings, market.data, lanes.state, 9000, 10, 20, 4);
  std::vector<int> counts(40 * 3);
  for (std::size_t lane = 0; lane < 9000; ++lane) {
    ++counts[static_cast<std::size_t>(lanes.state.bar[lane] * 3 + lanes.state.symbol[lane])];
  }
  double chi_square = 0;
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    const bool inside = cell / 3 >= 10 && cell / 3 < 20;
    if (!inside) {
      ASSERT_EQ(counts[cell], 0) << "bar " << cell / 3;
    } else {
      chi_square += (counts[cell] - 300.0) * (counts[cell] - 300.0) / 300.0;
    }
  }
  EXPECT_LT(chi_square, 58.3);  // 29 degrees of freedom, 0.1 % quantile
}

struct Trace {
  std::vector<float> rewards, net_returns, positions;
  std::vector<std::int32_t> bars, symbols;
  std::vector<std::uint8_t> done;
  bool operator==(const Trace&) const = default;
};

Trace play(const Resources& resources, std::size_t lane_count, std::uint64_t seed) {
  const Market market(100, 4, 31, 0.05);
  const EnvironmentSettings settings{0.00125, 1.0, 20};
  Lanes lanes(lane_count);
  Trace trace;
  reset(resources, settings, market.data, lanes.state, lane_count, 5, 90, seed);
  const auto append = [](auto& all, const auto& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (std::uint32_t index = 0; index < 100; ++index) {
    lanes.action = random_actions(lane_count, index, 32);
    step(resources, settings, market.data, lanes.state, lanes.io(), 5, 90, seed, index);
    append(trace.rewards, lanes.reward);
    append(trace.net_returns, lanes.net_return);
    append(trace.positions, lanes.state.position);
    append(trace.bars, lanes.state.bar);
    append(trace.symbols, lanes.state.symbol);
    append(trace.done, lanes.done);
  }
  return trace;
}

TEST_P(Environment, GivesTheSameBitsForAnyNumberOfThreads) {
  Trace alone;
  {
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    alone = play(*resources, 3000, 6);
  }
  const tbb::global_control many(tbb::global_control::max_allowed_parallelism, 8);
  EXPECT_EQ(play(*resources, 3000, 6), alone);
  EXPECT_NE(play(*resources, 3000, 7), alone);
}

TEST_P(Environment, PlaysALaneTheSameWhateverTheOtherLanesAre) {
  const Trace few = play(*resources, 10, 6);
  const Trace many = play(*resources, 600, 6);
  for (std::size_t index = 0; index < 100; ++index) {
    for (std::size_t lane = 0; lane < 10; ++lane) {
      ASSERT_EQ(few.rewards[index * 10 + lane], many.rewards[index * 600 + lane]);
      ASSERT_EQ(few.bars[index * 10 + lane], many.bars[index * 600 + lane]);
    }
  }
}

TEST(EnvironmentBackends, AgreeBitForBit) {
  if (gpu_count() == 0) GTEST_SKIP() << "no CUDA build, driver or GPU on this machine";
  EXPECT_EQ(play(Resources::make("cpu"), 2000, 6), play(Resources::make("cuda"), 2000, 6));
}

using EnvironmentDeath = Environment;
INSTANTIATE_TEST_SUITE_P(Backend, EnvironmentDeath, testing::Values("cpu"),
                         [](const auto& info) { return info.param; });

TEST_P(EnvironmentDeath, RefusesActionsThatAreNotPositions) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Market market(4, 1, 1);
  const EnvironmentSettings settings;
  for (const float action : {1.001F, -1.001F, nan, std::numeric_limits<float>::infinity()}) {
    Lanes lanes = one_lane(market, settings);
    EXPECT_DEATH(advance(market, settings, lanes, action, 4), "an action must be in");
  }
}

TEST(EnvironmentSettings, NameTheKeyThatIsOutOfRange) {
  const auto message = [](const EnvironmentSettings& settings) -> std::string {
    try {
      validate(settings);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({}), "accepted");
  EXPECT_THAT(message({-0.1, 1, 10}), testing::HasSubstr("environment.cost_rate is -0.1"));
  EXPECT_THAT(message({std::nan(""), 1, 10}), testing::HasSubstr("environment.cost_rate"));
  EXPECT_THAT(message({0.1, -1, 10}), testing::HasSubstr("environment.risk_aversion is -1"));
  EXPECT_THAT(message({0.1, 1, 0}), testing::HasSubstr("environment.episode_bars is 0"));
}

}  // namespace
}  // namespace regent::cuda
