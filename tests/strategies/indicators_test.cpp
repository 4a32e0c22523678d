// Every column against its formula, written down anew over each window.

#include "strategies/indicators.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.hpp"
#include "cuda/trading/sweep.hpp"
#include "walk.hpp"

namespace regent::strategies {
namespace {

using Naive = double (*)(const PriceSeries&, std::size_t t, std::size_t w, std::size_t v);

double mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
double deviation(std::span<const double> x) {
  double squares = 0;
  for (const double value : x) squares += (value - mean(x)) * (value - mean(x));
  return std::sqrt(squares / static_cast<double>(x.size()));
}
std::span<const double> last(std::span<const double> x, std::size_t t, std::size_t w) {
  return x.subspan(t + 1 - w, w);
}
// The weights of the average written out: α (1 − α)^age, and what is left on the first value.
double ema(std::span<const double> x, std::size_t t, std::size_t w) {
  const double alpha = 2.0 / (static_cast<double>(w) + 1);
  double sum = std::pow(1 - alpha, static_cast<double>(t)) * x[0];
  for (std::size_t i = 1; i <= t; ++i) sum += alpha * std::pow(1 - alpha, static_cast<double>(t - i)) * x[i];
  return sum;
}
double wilder(const std::vector<double>& x, std::size_t t, std::size_t w) {
  double value = mean(std::span(x).subspan(1, w));
  for (std::size_t i = w + 1; i <= t; ++i)
    value = (value * (static_cast<double>(w) - 1) + x[i]) / static_cast<double>(w);
  return value;
}

double naive_sma(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return mean(last(s.close, t, w)) / s.close[t] - 1;
}
double naive_ema(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return ema(s.close, t, w) / s.close[t] - 1;
}
double naive_macd(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t v) {
  std::vector<double> line;
  for (std::size_t i = 0; i <= t; ++i) line.push_back(ema(s.close, i, w));
  return (line[t] - ema(line, t, v)) / s.close[t];
}
double naive_rsi(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  std::vector<double> up{0}, down{0};
  for (std::size_t i = 1; i < s.bars(); ++i) {
    up.push_back(std::max(s.close[i] - s.close[i - 1], 0.0));
    down.push_back(std::max(s.close[i - 1] - s.close[i], 0.0));
  }
  return 100 - 100 / (1 + wilder(up, t, w) / wilder(down, t, w)) - 50;
}
double naive_oversold(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t v) {
  return -naive_rsi(s, t, w, v);
}
double naive_band(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return (mean(last(s.close, t, w)) - s.close[t]) / deviation(last(s.close, t, w));
}
double naive_log_band(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  std::vector<double> logs;
  for (const double c : s.close) logs.push_back(std::log(c));
  return (mean(last(logs, t, w)) - logs[t]) / deviation(last(logs, t, w));
}
double naive_breakout(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  double highest = 0, lowest = 1e300;
  for (std::size_t i = t - w; i < t; ++i) {
    highest = std::max(highest, s.high[i]);
    lowest = std::min(lowest, s.low[i]);
  }
  return s.close[t] > highest ? 1 : s.close[t] < lowest ? -1 : 0;
}
double naive_momentum(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return s.close[t] / s.close[t - w] - 1;
}
double naive_volume(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return s.volume[t] / mean(last(s.volume, t, w)) - 1;
}
double naive_channel(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  std::vector<double> range{0};
  for (std::size_t i = 1; i < s.bars(); ++i) {
    range.push_back(std::max(
        {s.high[i] - s.low[i], std::abs(s.high[i] - s.close[i - 1]), std::abs(s.low[i] - s.close[i - 1])}));
  }
  return (s.close[t] - ema(s.close, t, w)) / wilder(range, t, w);
}
double naive_calm(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t v) {
  std::vector<double> returns{0};
  for (std::size_t i = 1; i < s.bars(); ++i) returns.push_back(std::log(s.close[i] / s.close[i - 1]));
  return -deviation(last(returns, t, w)) / deviation(last(returns, t, v));
}
double naive_above(const PriceSeries& s, std::size_t t, std::size_t w, std::size_t) {
  return 1 - mean(last(s.close, t, w)) / s.close[t];
}

struct Case {
  const char* name;
  Indicator indicator;
  Naive naive;
  int v = 0;
};

class EveryIndicator : public testing::TestWithParam<Case> {};

TEST_P(EveryIndicator, EqualsItsFormulaAndIsMissingBeforeItsWarmUp) {
  const TradableSeries series = test::walk(400, 5);
  for (const int w : {2, 7, 40}) {
    const ColumnKey key{GetParam().indicator, w, GetParam().v};
    const auto column = indicator_column(series.prices(), key);
    const auto first = static_cast<std::size_t>(warm_up_bars(key));
    ASSERT_EQ(column.size(), series.bars());
    for (std::size_t t = 0; t < column.size(); ++t) {
      if (t < first) {
        ASSERT_TRUE(std::isnan(column[t])) << "w " << w << ", bar " << t;
        continue;
      }
      const double expected =
          GetParam().naive(series.prices(), t, static_cast<std::size_t>(w), static_cast<std::size_t>(key.v));
      ASSERT_NEAR(column[t], expected, 1e-9 * std::max(1.0, std::abs(expected)))
          << "w " << w << ", bar " << t;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Indicators, EveryIndicator,
                         testing::Values(Case{"Sma", Indicator::sma, naive_sma},
                                         Case{"Ema", Indicator::ema, naive_ema},
                                         Case{"Macd", Indicator::macd, naive_macd, 9},
                                         Case{"Rsi", Indicator::rsi, naive_rsi},
                                         Case{"Oversold", Indicator::oversold, naive_oversold},
                                         Case{"BelowBand", Indicator::below_band, naive_band},
                                         Case{"BelowLogBand", Indicator::below_log_band, naive_log_band},
                                         Case{"Breakout", Indicator::breakout, naive_breakout},
                                         Case{"Momentum", Indicator::momentum, naive_momentum},
                                         Case{"Volume", Indicator::volume, naive_volume},
                                         Case{"Channel", Indicator::channel, naive_channel},
                                         Case{"Calm", Indicator::calm, naive_calm, 60},
                                         Case{"Above", Indicator::above, naive_above}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Indicators, AnOutlierThatHasLeftTheWindowLeavesNoTrace) {
  TradableSeries series = test::walk(300, 6), spoilt = series;
  spoilt.close[40] = spoilt.high[40] = 1e12;
  for (const Indicator indicator : {Indicator::sma, Indicator::below_band, Indicator::breakout}) {
    const auto clean = indicator_column(series.prices(), {indicator, 20, 0});
    const auto after = indicator_column(spoilt.prices(), {indicator, 20, 0});
    for (std::size_t t = 61; t < 300; ++t) EXPECT_EQ(clean[t], after[t]) << "bar " << t;
  }
}

TEST(Indicators, FlatPricesHaveNoScoreAndTheMiddleRsi) {
  TradableSeries series = test::walk(50, 7);
  for (auto* prices : {&series.open, &series.high, &series.low, &series.close})
    std::ranges::fill(*prices, 0.1);
  for (const Indicator indicator : {Indicator::below_band, Indicator::below_log_band, Indicator::channel}) {
    EXPECT_TRUE(std::isnan(indicator_column(series.prices(), {indicator, 10, 0}).back()));
  }
  EXPECT_EQ(indicator_column(series.prices(), {Indicator::rsi, 10, 0}).back(), 0);
  EXPECT_EQ(indicator_column(series.prices(), {Indicator::breakout, 10, 0}).back(), 0);
}

TEST(Indicators, TheTableHoldsTheColumnsSideBySide) {
  const TradableSeries series = test::walk(90, 8);
  std::vector<ColumnKey> keys;
  for (int w = 2; w < 40; ++w) keys.push_back({Indicator::sma, w, 0});
  const auto table = indicator_table(cuda::Resources::make("cpu"), series.prices(), keys);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const auto column = indicator_column(series.prices(), keys[k]);
    for (std::size_t t = 40; t < 90; ++t)
      ASSERT_EQ(table[cuda::sweep::Table::at(90, t, k)], static_cast<float>(column[t]));
  }
}

TEST(Indicators, VolumeIsAskedForByName) {
  TradableSeries series = test::walk(30, 9);
  series.volume.clear();
  EXPECT_THROW(indicator_column(series.prices(), {Indicator::volume, 5, 0}), InputError);
}

}  // namespace
}  // namespace regent::strategies
