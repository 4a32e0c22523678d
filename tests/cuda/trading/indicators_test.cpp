// The indicator table: each window made of the two partial aggregates that the construction names, written
// down anew bar by bar, bit for bit; and the parts of a GPU's launches, in any order.

#include "cuda/trading/indicators.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "cuda/trading/indicators_job.hpp"
#include "cuda/trading/sweep.hpp"
#include "sweep_market.hpp"

namespace regent::cuda::sweep {
namespace {

struct Prices {
  Market market;
  std::vector<double> volume;
  explicit Prices(std::size_t bars) : market(bars, 1, 11) {
    for (std::size_t t = 0; t < bars; ++t) volume.push_back(1000 * std::exp(0.5 * market.normal()));
  }
  PriceSeries series() const { return {market.open, market.high, market.low, market.close, volume}; }
};

std::vector<ColumnKey> every_kind() {
  std::vector<ColumnKey> keys;
  for (int kind = 0; kind <= static_cast<int>(Indicator::above); ++kind) {
    for (const int w : {1, 2, 7, 40, 99, 300, 700}) {
      const auto indicator = static_cast<Indicator>(kind);
      const bool two = indicator == Indicator::macd || indicator == Indicator::calm;
      for (const int v : two ? std::vector{5, 60, 650} : std::vector{0}) keys.push_back({indicator, w, v});
    }
  }
  return keys;
}

bool same_bits(double a, double b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Σ of the window that ends at t: the tail of the block before, added from its end, and the head of its own.
double two_sums(std::span<const double> x, std::size_t t, std::size_t w) {
  const std::size_t block = t / w * w;
  double head = x[block];
  for (std::size_t i = block + 1; i <= t; ++i) head += x[i];
  if (t + 1 - block == w) return head;
  double tail = x[block - 1];
  for (std::size_t i = block - 1; i-- > t + 1 - w;) tail = x[i] + tail;
  return tail + head;
}

TEST(IndicatorBits, MeansAreTheSumsOfTwoBlocks) {
  const Prices prices(700);
  const PriceSeries s = prices.series();
  for (const int w : {1, 2, 7, 40, 300, 700}) {
    const auto length = static_cast<std::size_t>(w);
    const auto sma = indicator_column(s, {Indicator::sma, w}),
               above = indicator_column(s, {Indicator::above, w});
    const auto volume = indicator_column(s, {Indicator::volume, w});
    for (std::size_t t = length - 1; t < 700; ++t) {
      const double mean = two_sums(s.close, t, length) / w;
      ASSERT_TRUE(same_bits(sma[t], (mean - s.close[t]) / s.close[t])) << "w " << w << ", bar " << t;
      ASSERT_TRUE(same_bits(above[t], -((mean - s.close[t]) / s.close[t]))) << "w " << w << ", bar " << t;
      ASSERT_TRUE(same_bits(volume[t], s.volume[t] / (two_sums(s.volume, t, length) / w) - 1));
    }
  }
}

TEST(IndicatorBits, BreakoutsMomentaAndAveragesAreTheirFormulas) {
  const Prices prices(700);
  const PriceSeries s = prices.series();
  for (const int w : {1, 7, 40, 300}) {
    const auto breakout = indicator_column(s, {Indicator::breakout, w});
    const auto momentum = indicator_column(s, {Indicator::momentum, w});
    const auto ema = indicator_column(s, {Indicator::ema, w});
    double average = s.close[0];
    for (std::size_t t = 0; t < 700; ++t) {
      average = average + 2.0 / (w + 1.0) * (s.close[t] - average);
      const std::size_t first = t - static_cast<std::size_t>(w);
      if (t + 1 < static_cast<std::size_t>(w)) continue;
      ASSERT_TRUE(same_bits(ema[t], (average - s.close[t]) / s.close[t]));
      if (t < static_cast<std::size_t>(w)) continue;
      const double highest = *std::max_element(&s.high[first], &s.high[t]);
      const double lowest = *std::min_element(&s.low[first], &s.low[t]);
      ASSERT_EQ(breakout[t], s.close[t] > highest ? 1 : s.close[t] < lowest ? -1 : 0);
      ASSERT_TRUE(same_bits(momentum[t], (s.close[t] - s.close[first]) / s.close[first]));
    }
  }
}

void expect_same(const std::vector<float>& got, const std::vector<float>& expected,
                 const std::vector<ColumnKey>& keys, std::size_t bars) {
  for (std::size_t k = 0; k < keys.size(); ++k) {
    for (std::size_t t = 0; t < bars; ++t) {
      const std::size_t at = Table::at(bars, t, k);
      ASSERT_TRUE(same_bits(got[at], expected[at]))
          << "kind " << static_cast<int>(keys[k].indicator) << " w " << keys[k].w << " v " << keys[k].v
          << ", bar " << t << ": " << got[at] << " against " << expected[at];
    }
  }
}

// What a GPU's threads do, one after the other from the last to the first, in memory that held something.
std::vector<float> table_by_parts(const PriceSeries& series, const std::vector<ColumnKey>& keys,
                                  std::size_t room_max) {
  const IndicatorSource source(series, keys);
  const IndicatorPlan plan(keys, static_cast<std::int64_t>(series.bars()), room_max);
  std::vector<double> room(plan.room, -7e7);
  std::vector<float> table(Table::size(series.bars(), keys.size()), -3);
  for (const auto& launch : plan.launches) {
    for (std::int64_t at = launch.parts; at-- > 0;) {
      table_part_body(source.input(), plan.columns.data() + launch.first, static_cast<int>(launch.count),
                      launch.pass, at, room.data(), table.data());
    }
  }
  return table;
}

TEST(IndicatorParts, InAnyOrderAndRoomTheyMakeTheTableOfTheCpu) {
  const auto keys = every_kind();
  for (const std::size_t bars : {2U, 39U, 640U}) {
    const Prices prices(bars);
    const auto expected = indicator_table(Resources::make("cpu"), prices.series(), keys);
    for (const std::size_t room : {0U, 5000U, 10'000'000U}) {
      SCOPED_TRACE(std::to_string(bars) + " bars, room " + std::to_string(room));
      expect_same(table_by_parts(prices.series(), keys, room), expected, keys, bars);
    }
  }
}

TEST(IndicatorParts, RoomIsBoundedWhereMoreThanOneColumnNeedsIt) {
  const auto keys = every_kind();
  EXPECT_LE(IndicatorPlan(keys, 640, 5000).room, 5000U);
  EXPECT_EQ(IndicatorPlan(keys, 640, 0).room, 640U * 4);
}

TEST(IndicatorParts, TheGpusTableIsTheCpusBitForBit) {
  if (!built_with_cuda() || gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  const auto keys = every_kind();
  for (const std::size_t bars : {2U, 39U, 640U, 5000U}) {
    const Prices prices(bars);
    expect_same(indicator_table(Resources::make("cuda"), prices.series(), keys),
                indicator_table(Resources::make("cpu"), prices.series(), keys), keys, bars);
  }
}

}  // namespace
}  // namespace regent::cuda::sweep
