#include "market/synthetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "panels.hpp"

namespace regent::market::test {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size());
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  return covariance(a, b) / std::sqrt(covariance(a, a) * covariance(b, b));
}

SyntheticMarket signal_market() {
  SyntheticMarket settings;
  settings.symbols = 4;
  settings.bars = 3000;
  settings.seed = 77;
  settings.regimes = false;
  settings.signal_strength = 0.3;
  return settings;
}

// v_t beside the log return of `price` from bar t + from to bar t + from + 1.
struct Pairs {
  std::vector<double> signal, next_return;
};
Pairs pairs(const SyntheticResult& market, Column price, std::size_t from) {
  Pairs out;
  const auto& panel = market.panel;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    for (std::size_t t = 0; t + from + 1 < panel.bars(); ++t) {
      out.signal.push_back(market.signal[t * panel.symbol_count() + s]);
      out.next_return.push_back(std::log(panel.at(price, t + from + 1, s) / panel.at(price, t + from, s)));
    }
  }
  return out;
}

TEST(SyntheticMarket, IsMadeFromItsSeedAlone) {
  const auto one = make_synthetic_market(signal_market());
  EXPECT_EQ(one.panel.fingerprint(), make_synthetic_market(signal_market()).panel.fingerprint());
  auto other = signal_market();
  other.seed = 78;
  EXPECT_NE(one.panel.fingerprint(), make_synthetic_market(other).panel.fingerprint());
}

TEST(SyntheticMarket, KeepsASymbolWhenBarsAndSymbolsAreAdded) {
  auto settings = signal_market();
  settings.regimes = true;
  const auto small = make_synthetic_market(settings).panel;
  settings.bars = 3500;
  settings.symbols = 7;
  const auto large = make_synthetic_market(settings).panel;
  for (const std::size_t bar : {0UL, 1UL, 1500UL, 2999UL}) {
    EXPECT_EQ(small.at(Column::close, bar, 3), large.at(Column::close, bar, 3)) << bar;
    EXPECT_EQ(small.at(Column::volume, bar, 0), large.at(Column::volume, bar, 0)) << bar;
  }
}

TEST(SyntheticMarket, MakesConsistentBars) {
  const auto panel = plain_panel(2000, 3, 5);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    for (std::size_t s = 0; s < 3; ++s) {
      const double open = panel.at(Column::open, bar, s), close = panel.at(Column::close, bar, s);
      ASSERT_LE(panel.at(Column::low, bar, s), std::min(open, close));
      ASSERT_GE(panel.at(Column::high, bar, s), std::max(open, close));
      ASSERT_GT(panel.at(Column::low, bar, s), 0);
      ASSERT_GT(panel.at(Column::volume, bar, s), 0);
      if (bar == 0) continue;
      // an open gaps with a twentieth of a day's variance: at most 0.025 · √0.05 · 6 standard deviations
      ASSERT_LT(std::abs(std::log(open / panel.at(Column::close, bar - 1, s))), 0.034);
    }
  }
}

TEST(SyntheticMarket, SkipsWeekends) {
  const auto panel = plain_panel(500, 1, 5);
  EXPECT_EQ(format_timestamp(panel.timestamps_ms.front()), "2000-01-03");  // 2000-01-01 is a Saturday
  for (std::size_t bar = 1; bar < 500; ++bar) {
    const auto step = panel.timestamps_ms[bar] - panel.timestamps_ms[bar - 1];
    ASSERT_EQ(step, (bar % 5 == 0 ? 3 : 1) * 86'400'000LL) << bar;
  }
}

TEST(SyntheticMarket, HasTheSignalInThePeriodAfterTheNextOpen) {
  const auto market = make_synthetic_market(signal_market());
  const double expected = 0.3 * 0.01;
  // The period of bar t itself has none: the signal's innovation leans against what its past brought.
  const std::array<double, 3> share{0, 1, 0.9};
  for (const std::size_t from : {0UL, 1UL, 2UL}) {
    const auto p = pairs(market, Column::open, from);
    const double slope = covariance(p.signal, p.next_return) / covariance(p.signal, p.signal);
    EXPECT_NEAR(slope, share[from] * expected, 0.0003) << from;
  }
}

TEST(SyntheticMarket, OfClosesHasTheSignalFromTheNextCloseOn) {
  auto settings = signal_market();
  settings.ohlcv = false;
  const auto market = make_synthetic_market(settings);
  EXPECT_FALSE(market.panel.has(Column::open));
  EXPECT_FALSE(market.panel.has(Column::volume));
  const auto p = pairs(market, Column::close, 1);
  EXPECT_NEAR(covariance(p.signal, p.next_return) / covariance(p.signal, p.signal), 0.003, 0.0003);
}

TEST(SyntheticMarket, ShowsTheSignalInTheVolume) {
  const auto market = make_synthetic_market(signal_market());
  std::vector<double> volume;
  for (const double v : market.panel.columns[static_cast<std::size_t>(Column::volume)])
    volume.push_back(std::log(v));
  EXPECT_GT(correlation(volume, market.signal), 0.999999);
  EXPECT_NEAR(covariance(market.signal, market.signal), 1, 0.1);  // unit variance
  std::vector<double> now, next;
  for (std::size_t i = 0; i + 4 < market.signal.size(); ++i) {
    now.push_back(market.signal[i]);
    next.push_back(market.signal[i + 4]);
  }
  EXPECT_NEAR(correlation(now, next), 0.9, 0.02);
}

TEST(SyntheticMarket, DoesNotShowTheSignalInPastReturns) {
  const auto market = make_synthetic_market(signal_market());
  for (const std::size_t lag : {1UL, 2UL, 3UL, 5UL, 10UL}) {
    std::vector<double> past, future;
    for (std::size_t s = 0; s < 4; ++s) {
      for (std::size_t t = 0; t + lag + 1 < market.panel.bars(); ++t) {
        const auto& p = market.panel;
        past.push_back(std::log(p.at(Column::open, t + 1, s) / p.at(Column::open, t, s)));
        future.push_back(std::log(p.at(Column::open, t + lag + 1, s) / p.at(Column::open, t + lag, s)));
      }
    }
    // four standard errors of 12,000 pairs; without the leaning noise lag 1 has 0.3² 0.9 / 1.09 = 0.074
    EXPECT_NEAR(correlation(past, future), 0, 0.037) << "lag " << lag;
  }
}

TEST(SyntheticMarket, WithoutASignalHasVolumeThatPredictsNothing) {
  auto settings = signal_market();
  settings.signal_strength = 0;
  const auto market = make_synthetic_market(settings);
  EXPECT_TRUE(market.signal.empty());
  std::vector<double> volume, next;
  for (std::size_t t = 0; t + 2 < market.panel.bars(); ++t) {
    volume.push_back(std::log(market.panel.at(Column::volume, t, 0)));
    next.push_back(
        std::log(market.panel.at(Column::open, t + 2, 0) / market.panel.at(Column::open, t + 1, 0)));
  }
  EXPECT_NEAR(correlation(volume, next), 0, 4 / std::sqrt(3000.0));
}

TEST(SyntheticMarket, HasRegimesThatDifferInVolatility) {
  SyntheticMarket settings;
  settings.bars = 6000;
  settings.seed = 3;
  const auto market = make_synthetic_market(settings);
  std::array<std::vector<double>, 3> moves;
  for (std::size_t bar = 1; bar < settings.bars; ++bar) {
    const double r = std::log(market.panel.at(Column::close, bar, 0) / market.panel.at(Column::open, bar, 0));
    moves[static_cast<std::size_t>(market.regime[bar])].push_back(r);
  }
  const auto volatility = [&](std::size_t regime) {
    return std::sqrt(covariance(moves[regime], moves[regime]));
  };
  for (const auto& regime : moves) EXPECT_GT(regime.size(), 300U);
  EXPECT_NEAR(volatility(0), 0.006 * std::sqrt(0.95), 0.0006);
  EXPECT_NEAR(volatility(1), 0.010 * std::sqrt(0.95), 0.0010);
  EXPECT_NEAR(volatility(2), 0.025 * std::sqrt(0.95), 0.0025);
}

TEST(SyntheticMarket, RefusesSettingsThatMakeNoMarket) {
  const auto refuses = [](auto change) {
    SyntheticMarket settings;
    change(settings);
    EXPECT_THROW(make_synthetic_market(settings), InputError);
  };
  refuses([](SyntheticMarket& s) { s.symbols = 0; });
  refuses([](SyntheticMarket& s) { s.bars = 0; });
  refuses([](SyntheticMarket& s) { s.signal_persistence = 1; });
  refuses([](SyntheticMarket& s) { s.daily_volatility = 0; });
  refuses([](SyntheticMarket& s) { s.signal_strength = not_a_number; });
}

TEST(ShuffledVolume, PermutesEachSymbolsVolumeAndNothingElse) {
  const auto panel = plain_panel(800, 3, 21);
  const auto shuffled = with_shuffled_volume(panel, 4);
  for (const Column column : {Column::open, Column::high, Column::low, Column::close}) {
    EXPECT_EQ(shuffled.columns[static_cast<std::size_t>(column)],
              panel.columns[static_cast<std::size_t>(column)]);
  }
  for (std::size_t s = 0; s < 3; ++s) {
    std::vector<double> before, after;
    for (std::size_t bar = 0; bar < 800; ++bar) {
      before.push_back(panel.at(Column::volume, bar, s));
      after.push_back(shuffled.at(Column::volume, bar, s));
    }
    EXPECT_NEAR(correlation(before, after), 0, 4 / std::sqrt(800.0));
    std::ranges::sort(before);
    std::ranges::sort(after);
    EXPECT_EQ(before, after);
  }
  EXPECT_EQ(with_shuffled_volume(panel, 4).fingerprint(), shuffled.fingerprint());
  EXPECT_NE(with_shuffled_volume(panel, 5).fingerprint(), shuffled.fingerprint());
}

}  // namespace
}  // namespace regent::market::test
