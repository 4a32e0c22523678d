#include "market/longer_bars.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/market/panels.hpp"

namespace regent::market {
namespace {

using test::not_a_number;

constexpr TimestampMs hour_ms = 3'600'000;

Panel empty_panel(std::vector<std::string> symbols) {
  Panel panel;
  panel.symbols = std::move(symbols);
  return panel;
}

struct Prices {
  double open, high, low, close, volume;
};

void add(Panel& panel, const std::string& time, const std::vector<Prices>& prices) {
  panel.timestamps_ms.push_back(parse_timestamp(time));
  for (const Prices& p : prices) {
    const std::array<double, column_count> values{p.open, p.high, p.low, p.close, p.volume};
    for (std::size_t c = 0; c < column_count; ++c) panel.columns[c].push_back(values[c]);
  }
}

void add_closes(Panel& panel, const std::string& time, const std::vector<double>& closes) {
  panel.timestamps_ms.push_back(parse_timestamp(time));
  auto& column = panel.columns[static_cast<std::size_t>(Column::close)];
  column.insert(column.end(), closes.begin(), closes.end());
}

void expect_bar(const Panel& panel, std::size_t bar, std::size_t symbol, const Prices& expected) {
  const std::array<double, column_count> values{expected.open, expected.high, expected.low, expected.close,
                                                expected.volume};
  for (std::size_t c = 0; c < column_count; ++c) {
    const double got = panel.at(static_cast<Column>(c), bar, symbol);
    EXPECT_TRUE(test::same_bits(got, values[c]))
        << column_names[c] << " of bar " << bar << ", symbol " << symbol << ": " << got;
  }
}

TEST(LongerBars, TakesOpenHighLowCloseAndVolumeOfThePeriod) {
  Panel panel = empty_panel({"A", "B"});
  constexpr double none = not_a_number;
  add(panel, "2024-01-01T20:00Z", {{10, 12, 9, 11, 100}, {none, none, none, none, none}});
  add(panel, "2024-01-01T22:00Z", {{11, 11.5, 8, 9, 50}, {5, 6, 4, 5.5, none}});
  add(panel, "2024-01-02T00:00Z", {{9.5, 10, 9, 9.25, 7}, {5.25, none, 5, 5.75, 3}});
  add(panel, "2024-01-02T02:00Z", {{none, none, none, none, none}, {none, none, none, none, none}});
  for (const char* later : {"2024-01-02T20:00Z", "2024-01-02T22:00Z"}) {
    add(panel, later, {{9, 9.125, 8.5, 8.75, 1}, {none, none, none, none, 0}});
  }
  const LongerBars longer = longer_bars(panel, day_ms);
  EXPECT_FALSE(longer.unfinished_ms);
  ASSERT_EQ(longer.panel.bars(), 2U);
  EXPECT_EQ(longer.panel.symbols, panel.symbols);
  EXPECT_EQ(format_timestamp(longer.panel.timestamps_ms[0]), "2024-01-01");
  EXPECT_EQ(format_timestamp(longer.panel.timestamps_ms[1]), "2024-01-02");
  expect_bar(longer.panel, 0, 0, {10, 12, 8, 9, 150});
  expect_bar(longer.panel, 0, 1, {5, 6, 4, 5.5, none});
  expect_bar(longer.panel, 1, 0, {9.5, 10, 8.5, 8.75, 9});
  expect_bar(longer.panel, 1, 1, {5.25, 5.75, 5, 5.75, 3});  // the missing high: its close was as high
}

// Each bar of four hours must be the same whether made of minutes at once or of quarters made of minutes.
TEST(LongerBars, InTwoStepsAreThoseInOne) {
  Panel minutes = test::plain_panel(24 * 60, 3, 11);
  for (std::size_t i = 0; i < minutes.bars(); ++i) {
    minutes.timestamps_ms[i] = static_cast<TimestampMs>(i) * 60'000;
  }
  const Panel quarters = longer_bars(minutes, parse_step("15m")).panel;
  const Panel at_once = longer_bars(minutes, parse_step("4h")).panel;
  const Panel in_two = longer_bars(quarters, parse_step("4h")).panel;
  ASSERT_EQ(quarters.bars(), 96U);
  ASSERT_EQ(at_once.bars(), 6U);
  EXPECT_EQ(at_once.timestamps_ms, in_two.timestamps_ms);
  for (const Column column : {Column::open, Column::high, Column::low, Column::close}) {
    EXPECT_EQ(at_once.columns[static_cast<std::size_t>(column)],
              in_two.columns[static_cast<std::size_t>(column)]);
  }
  for (std::size_t i = 0; i < 6 * 3; ++i) {
    const double volume = at_once.at(Column::volume, i / 3, i % 3);
    EXPECT_NEAR(in_two.at(Column::volume, i / 3, i % 3), volume, 1e-12 * volume);
  }
}

// A bar whose close is not known yet would let a backtest act on a day before it is over.
TEST(LongerBars, LeaveOutAPeriodThatIsNotOver) {
  Panel panel = empty_panel({"A"});
  for (int hour = 0; hour < 47; ++hour) {
    panel.timestamps_ms.push_back(parse_timestamp("2024-01-01") + hour * hour_ms);
    panel.columns[static_cast<std::size_t>(Column::close)].push_back(hour + 1);
  }
  const LongerBars unfinished = longer_bars(panel, day_ms);
  EXPECT_EQ(format_timestamp(unfinished.unfinished_ms.value()), "2024-01-02");
  ASSERT_EQ(unfinished.panel.bars(), 1U);
  EXPECT_EQ(unfinished.panel.at(Column::close, 0, 0), 24);
  EXPECT_FALSE(unfinished.panel.has(Column::open));
  panel.timestamps_ms.push_back(parse_timestamp("2024-01-02T23:00Z"));
  panel.columns[static_cast<std::size_t>(Column::close)].push_back(48);
  const LongerBars whole = longer_bars(panel, day_ms);
  EXPECT_FALSE(whole.unfinished_ms);
  ASSERT_EQ(whole.panel.bars(), 2U);
  EXPECT_EQ(whole.panel.at(Column::close, 1, 0), 48);
}

TEST(LongerBars, BeginWeeksOnMondayAndEndThemWhereEarlierOnesEnded) {
  Panel panel = empty_panel({"A"});
  double close = 1;
  for (const char* day :
       {"2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"}) {
    add_closes(panel, day, {close++});
  }
  const LongerBars weeks = longer_bars(panel, parse_step("1w"));
  EXPECT_FALSE(weeks.unfinished_ms);
  ASSERT_EQ(weeks.panel.bars(), 2U);
  EXPECT_EQ(format_timestamp(weeks.panel.timestamps_ms[0]), "2023-12-25");
  EXPECT_EQ(format_timestamp(weeks.panel.timestamps_ms[1]), "2024-01-01");
  EXPECT_EQ(weeks.panel.at(Column::close, 0, 0), 2);
  EXPECT_EQ(weeks.panel.at(Column::close, 1, 0), 6);
  const LongerBars to_thursday = longer_bars(panel.slice(0, 5), parse_step("1w"));
  EXPECT_EQ(format_timestamp(to_thursday.unfinished_ms.value()), "2024-01-01");
}

TEST(LongerBars, BeginOnMondayBefore1970Too) {
  Panel panel = empty_panel({"A"});
  double close = 1;
  for (const char* day :
       {"1969-12-29", "1969-12-30", "1969-12-31", "1970-01-01", "1970-01-02", "1970-01-05"}) {
    add_closes(panel, day, {close++});
  }
  const LongerBars weeks = longer_bars(panel, parse_step("1w"));
  ASSERT_EQ(weeks.panel.bars(), 1U);
  EXPECT_EQ(format_timestamp(weeks.panel.timestamps_ms[0]), "1969-12-29");
  EXPECT_EQ(weeks.panel.at(Column::close, 0, 0), 5);
  EXPECT_EQ(format_timestamp(weeks.unfinished_ms.value()), "1970-01-05");
}

// A market with hours reaches no midnight: its day is over when it has come as far as on earlier days.
TEST(LongerBars, EndADayWithItsSession) {
  Panel panel = empty_panel({"A"});
  double close = 1;
  for (const char* day : {"2024-01-02", "2024-01-03", "2024-01-04"}) {
    for (const char* hour : {"T14:30Z", "T15:30Z", "T16:30Z"})
      add_closes(panel, day + std::string(hour), {close++});
  }
  EXPECT_FALSE(longer_bars(panel, day_ms).unfinished_ms);
  EXPECT_EQ(longer_bars(panel, day_ms).panel.at(Column::close, 2, 0), 9);
  const LongerBars within = longer_bars(panel.slice(0, 8), day_ms);
  EXPECT_EQ(format_timestamp(within.unfinished_ms.value()), "2024-01-04");
  EXPECT_EQ(within.panel.bars(), 2U);
  const LongerBars first_day = longer_bars(panel.slice(0, 3), day_ms);  // nothing to compare with
  EXPECT_TRUE(first_day.unfinished_ms);
  EXPECT_EQ(first_day.panel.bars(), 0U);
}

TEST(LongerBars, EndAPeriodWithHalfOfItsSymbols) {
  constexpr double none = not_a_number;
  Panel panel = empty_panel({"A", "B", "C"});
  for (const char* day : {"2024-01-01", "2024-01-02"}) {
    add_closes(panel, day + std::string("T00:00Z"), {1, 1, 1});
    add_closes(panel, day + std::string("T12:00Z"), {1, 1, 1});
  }
  add_closes(panel, "2024-01-03T00:00Z", {1, 1, 1});
  Panel two = panel, one = panel;
  add_closes(two, "2024-01-03T12:00Z", {2, none, 2});
  add_closes(one, "2024-01-03T12:00Z", {none, none, 2});
  EXPECT_FALSE(longer_bars(two, day_ms).unfinished_ms);
  EXPECT_TRUE(longer_bars(one, day_ms).unfinished_ms);
}

// Of symbols that trade in different steps each is held against its own: a day's close is not known at four.
TEST(LongerBars, HoldEachSymbolAgainstItsOwnStep) {
  constexpr double none = not_a_number;
  Panel days = empty_panel({"COIN", "STOCK"}), halves = days;
  for (int hour = 0; hour < 72; ++hour) {
    days.timestamps_ms.push_back(parse_timestamp("2024-01-01") + hour * hour_ms);
    auto& closes = days.columns[static_cast<std::size_t>(Column::close)];
    closes.insert(closes.end(), {1, hour % 24 == 0 ? 1 : none});
  }
  EXPECT_THROW(longer_bars(days, parse_step("4h")), InputError);
  EXPECT_EQ(longer_bars(days, day_ms).panel.bars(), 3U);
  for (int half = 0; half < 48; ++half) {
    halves.timestamps_ms.push_back(parse_timestamp("2024-01-01") + half * hour_ms / 2);
    auto& closes = halves.columns[static_cast<std::size_t>(Column::close)];
    closes.insert(closes.end(), {half % 2 == 0 ? 1 : none, half % 2 == 0 ? none : 1});
  }
  EXPECT_THROW(longer_bars(halves, parse_step("4h")), InputError) << "STOCK's hour from 03:30";
  EXPECT_THROW(longer_bars(halves, day_ms), InputError) << "STOCK's hour from 23:30";
}

// A symbol that seldom trades has bars as short as the others'.
TEST(LongerBars, TakeASymbolWithFewBars) {
  constexpr double none = not_a_number;
  Panel panel = empty_panel({"BUSY", "RARE"});
  for (int hour = 0; hour < 48; ++hour) {
    panel.timestamps_ms.push_back(parse_timestamp("2024-01-01") + hour * hour_ms);
    auto& closes = panel.columns[static_cast<std::size_t>(Column::close)];
    closes.insert(closes.end(), {1, hour == 4 || hour == 7 || hour == 23 || hour == 46 ? 2 : none});
  }
  const LongerBars days = longer_bars(panel, day_ms);
  EXPECT_EQ(days.panel.bars(), 2U);
  EXPECT_FALSE(days.unfinished_ms) << "half of the symbols have come to the end";
}

TEST(LongerBars, NameAnUnfinishedPeriodBefore1970) {
  Panel panel = empty_panel({"A"});
  for (const char* day : {"1965-05-31", "1965-06-01", "1965-06-02"}) add_closes(panel, day, {1});
  EXPECT_EQ(format_timestamp(longer_bars(panel, parse_step("1w")).unfinished_ms.value()), "1965-05-31");
}

TEST(LongerBars, RefuseBarsThatEndInTheNextPeriod) {
  Panel panel = empty_panel({"A"});
  for (int i = 0; i < 8; ++i) {
    panel.timestamps_ms.push_back(parse_timestamp("2024-01-01") + i * 3 * hour_ms);
    panel.columns[static_cast<std::size_t>(Column::close)].push_back(1);
  }
  EXPECT_EQ(longer_bars(panel, parse_step("6h")).panel.bars(), 4U);
  EXPECT_EQ(longer_bars(panel, parse_step("3h")).panel.bars(), 8U);
  for (const char* step : {"4h", "1h"}) {
    try {
      longer_bars(panel, parse_step(step));
      ADD_FAILURE() << step;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("2024-01-01"), std::string::npos) << error.what();
    }
  }
}

TEST(LongerBars, KnowStepsAndRefuseWhatIsNone) {
  EXPECT_EQ(parse_step("1m"), 60'000);
  EXPECT_EQ(parse_step("15m"), 900'000);
  EXPECT_EQ(parse_step("4h"), 4 * hour_ms);
  EXPECT_EQ(parse_step("1d"), day_ms);
  EXPECT_EQ(parse_step("2w"), 14 * day_ms);
  for (const char* text : {"", "d", "1", "0d", "-1d", "1.5h", "7m", "5h", "36h", "1y", "1dd", " 1d", "1441m",
                           "99999999999d", "1000w"}) {
    EXPECT_THROW(parse_step(text), InputError) << text;
  }
}

}  // namespace
}  // namespace regent::market
