#include "market/market_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "panels.hpp"

namespace regent::market::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t state_bars = 420;
constexpr std::uint64_t state_seed = 41;

// ln(close / last close that is at most ten bars old), straight from the panel.
long double log_return(const Panel& panel, int t, std::size_t s) {
  const auto close = [&](int bar) {
    return bar < 0 ? static_cast<long double>(not_a_number)
                   : static_cast<long double>(panel.at(Column::close, static_cast<std::size_t>(bar), s));
  };
  for (int age = 1; age <= 11; ++age) {
    if (!std::isnan(close(t - age))) return std::log(close(t) / close(t - age));
  }
  return not_a_number;
}

struct BarReturns {
  long double mean = not_a_number, deviation = not_a_number;
};

BarReturns returns_of(const Panel& panel, int t) {
  std::vector<long double> known;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const auto r = log_return(panel, t, s);
    if (!std::isnan(r)) known.push_back(r);
  }
  BarReturns out;
  if (known.empty()) return out;
  out.mean = 0;
  for (const auto r : known) out.mean += r / static_cast<long double>(known.size());
  if (known.size() < 3) return out;
  out.deviation = 0;
  for (const auto r : known)
    out.deviation += (r - out.mean) * (r - out.mean) / static_cast<long double>(known.size() - 1);
  out.deviation = std::sqrt(out.deviation);
  return out;
}

double reference(const std::vector<BarReturns>& market, const std::string& name, std::size_t t) {
  const auto over = [&](std::size_t window, auto each) {
    for (std::size_t bar = t + 1 - window; bar <= t; ++bar) each(market[bar]);
  };
  long double value = 0;
  if (name == "market_return") return static_cast<double>(market[t].mean);
  if (name == "market_momentum_21") over(21, [&](const BarReturns& b) { value += b.mean; });
  if (name == "market_dispersion") {
    over(5, [&](const BarReturns& b) { value += b.deviation / 5; });
    value = std::log(value);
  }
  if (name.starts_with("market_volatility")) {
    const std::size_t window = name.ends_with("_5") ? 5 : 21;
    over(window, [&](const BarReturns& b) { value += b.mean * b.mean / static_cast<long double>(window); });
    value = std::log(std::sqrt(value));
  }
  if (name == "market_drawdown") {
    long double level = 0, high = 0;
    over(251, [&](const BarReturns& b) {
      level += b.mean;
      high = std::max(high, level);
    });
    value = level - high;
  }
  return static_cast<double>(value);
}

TEST(MarketState, EqualsItsDefinitionOnAPanelWithHoles) {
  const Panel panel = holed_panel(state_bars, state_seed);
  const auto names = market_state_names();
  const auto values = compute_market_state(panel, names);
  std::vector<BarReturns> market;
  for (std::size_t bar = 0; bar < state_bars; ++bar)
    market.push_back(returns_of(panel, static_cast<int>(bar)));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto warmup = static_cast<std::size_t>(MarketState({names[i]}, 6).warmup_bars());
    for (std::size_t bar = 0; bar < state_bars; ++bar) {
      const double value = values[bar * names.size() + i];
      if (bar < warmup) {
        ASSERT_TRUE(std::isnan(value)) << names[i] << ", bar " << bar;
      } else {
        ASSERT_NEAR(value, reference(market, names[i], bar), 1e-11) << names[i] << ", bar " << bar;
      }
    }
  }
}

TEST(MarketState, DoesNotChangeWhenTheFutureChanges) {
  const Panel panel = holed_panel(state_bars, state_seed);
  const auto names = market_state_names();
  const auto values = compute_market_state(panel, names);
  for (const std::size_t now : {1UL, 250UL, 300UL}) {
    Panel other = panel;
    auto& closes = other.columns[static_cast<std::size_t>(Column::close)];
    for (std::size_t i = (now + 1) * 6; i < closes.size(); ++i)
      closes[i] = i % 4 == 0 ? not_a_number : closes[i] * 3;
    const auto changed = compute_market_state(other, names);
    for (std::size_t i = 0; i < (now + 1) * names.size(); ++i)
      ASSERT_TRUE(same_bits(values[i], changed[i])) << i;
    ASSERT_NE(values, changed);
  }
}

TEST(MarketState, IsTheSameBitsInAStreamThatStartsLate) {
  const Panel panel = holed_panel(state_bars, state_seed);
  MarketState whole(market_state_names(), 6), late(market_state_names(), 6);
  const auto history = static_cast<std::size_t>(whole.history_bars());
  for (std::size_t bar = 0; bar < state_bars; ++bar) {
    whole.update(panel.bar(bar));
    if (bar >= state_bars - history) late.update(panel.bar(bar));
  }
  for (std::size_t i = 0; i < whole.names().size(); ++i) {
    EXPECT_TRUE(same_bits(whole.values()[i], late.values()[i])) << whole.names()[i];
  }
}

TEST(MarketState, OfOneSymbolIsThatSymbol) {
  const Panel panel = plain_panel(60, 1, state_seed);
  MarketState state({"market_return", "market_momentum_21"}, 1);
  for (std::size_t bar = 0; bar < 60; ++bar) state.update(panel.bar(bar));
  const double last = std::log(panel.at(Column::close, 59, 0) / panel.at(Column::close, 58, 0));
  EXPECT_NEAR(state.values()[0], last, 1e-15);
  EXPECT_EQ(state.index_return(), state.values()[0]);
  EXPECT_NEAR(state.values()[1], std::log(panel.at(Column::close, 59, 0) / panel.at(Column::close, 38, 0)),
              1e-13);
}

TEST(MarketState, OfAMarketThatDoesNotMoveIsFinite) {
  Panel still = plain_panel(300, 4, state_seed);
  for (double& close : still.columns[static_cast<std::size_t>(Column::close)]) close = 12.5;
  const auto names = market_state_names();
  const auto values = compute_market_state(still, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_log = names[i].starts_with("market_volatility") || names[i] == "market_dispersion";
    EXPECT_EQ(values[299 * names.size() + i], is_log ? std::log(1e-6) : 0) << names[i];
  }
}

TEST(MarketState, HasNoReturnOnTheFirstBarAndWhereNobodyTrades) {
  Panel panel = plain_panel(40, 3, state_seed);
  for (std::size_t s = 0; s < 3; ++s) panel.at(Column::close, 30, s) = not_a_number;
  MarketState state({"market_return", "market_volatility_5"}, 3);
  for (std::size_t bar = 0; bar <= 30; ++bar) {
    state.update(panel.bar(bar));
    ASSERT_EQ(std::isnan(state.index_return()), bar == 0 || bar == 30) << bar;
  }
  EXPECT_TRUE(std::isnan(state.index_return()));
  EXPECT_TRUE(std::isnan(state.values()[0]));
  EXPECT_TRUE(std::isfinite(state.values()[1])) << "four of five returns are known";
}

TEST(MarketState, HasNothingWhereFewerThanHalfOfAWindowsReturnsAreKnown) {
  Panel panel = plain_panel(600, 3, state_seed);
  for (std::size_t bar = 350; bar < 600; ++bar) {
    for (std::size_t s = 0; s < 3; ++s) panel.at(Column::close, bar, s) = not_a_number;
  }
  for (const auto& name : market_state_names()) {
    const auto values = compute_market_state(panel, {name});
    EXPECT_TRUE(std::isfinite(values[349])) << name;
    EXPECT_TRUE(std::isnan(values[599]))
        << name << " is " << values[599] << " after 250 bars without a price";
  }
  const auto drawdown = compute_market_state(panel, {"market_drawdown"});
  EXPECT_TRUE(std::isfinite(drawdown[349 + 125])) << "126 of 251 returns are known";
  EXPECT_TRUE(std::isnan(drawdown[349 + 126]));
}

TEST(MarketState, RefusesWhatItCannotMake) {
  EXPECT_THAT([] { MarketState({"market_volatilty_5"}, 3); },
              ThrowsMessage<InputError>(HasSubstr("did you mean 'market_volatility_5'")));
  EXPECT_THAT([] { MarketState({"market_dispersion"}, 2); },
              ThrowsMessage<InputError>(HasSubstr("at least 3 symbols")));
  MarketState state({"market_return"}, 3);
  EXPECT_THROW(state.update(plain_panel(2, 2, state_seed).bar(0)), InputError);
}

}  // namespace
}  // namespace regent::market::test
