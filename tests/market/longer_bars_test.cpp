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
  add(panel, "2024-01-02T00:00Z", {{9.5, 10, 9, 9.25, 7}, {none, none, none, none, none}});
  add(panel, "2024-01-02T02:00Z", {{none, none, none, none, none}, {5.25, none, 5, 5.75, 3}});
  for (const char* later : {"2024-01-02T20:00Z", "2024-01-02T22:00Z"}) {
    add(panel, later, {{9, 9.125, 8.5, 8.75, 1}, {none, none, none, none, 0}});
  }
  const LongerBars longer = longer_bars(panel, day_ms);
  EXPECT_EQ(longer.unfinished_ms, -1);
  ASSERT_EQ(longer.panel.bars(), 2U);
  EXPECT_EQ(longer.panel.symbols, panel.symbols);
  EXPECT_EQ(format_timestamp(longer.panel.timestamps_ms[0]), "2024-01-01");
  EXPECT_EQ(format_timestamp(longer.panel.timestamps_ms[1]), "2024-01-02");
  expect_bar(longer.panel, 0, 0, {10, 12, 8, 9, 150});
  expect_bar(longer.panel, 0, 1, {5, 6, 4, 5.5, none});
  expect_bar(longer.panel, 1, 0, {9.5, 10, 8.5, 8.75, 9});
  expect_bar(longer.panel, 1, 1, {5.25, 5.75, 5, 5.75, 3});  // the missing high: its close was as high
}

// Each hour's bar must be the same whether made of minutes at once or of quarters made of minutes.
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
}

// A bar whose close is not known yet would let a backtest act on a day before it is over.
TEST(LongerBars, LeaveOutAPeriodThatIsNotOver) {
  Panel panel = empty_panel({"A"});
  for (int hour = 0; hour < 47; ++hour) {
    panel.timestamps_ms.push_back(parse_timestamp("2024-01-01") + hour * hour_ms);
    panel.columns[static_cast<std::size_t>(Column::close)].push_back(hour + 1);
  }
  const LongerBars unfinished = longer_bars(panel, day_ms);
  EXPECT_EQ(format_timestamp(unfinished.unfinished_ms), "2024-01-02");
  ASSERT_EQ(unfinished.panel.bars(), 1U);
  EXPECT_EQ(unfinished.panel.at(Column::close, 0, 0), 24);
  EXPECT_FALSE(unfinished.panel.has(Column::open));
  panel.timestamps_ms.push_back(parse_timestamp("2024-01-02T23:00Z"));
  panel.columns[static_cast<std::size_t>(Column::close)].push_back(48);
  const LongerBars whole = longer_bars(panel, day_ms);
  EXPECT_EQ(whole.unfinished_ms, -1);
  ASSERT_EQ(whole.panel.bars(), 2U);
  EXPECT_EQ(whole.panel.at(Column::close, 1, 0), 48);
}

TEST(LongerBars, BeginWeeksOnMondayAndEndThemOnFridayWhereWeekendsAreFree) {
  Panel panel = empty_panel({"A"});
  double close = 1;
  for (const char* day :
       {"2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"}) {
    add_closes(panel, day, {close++});
  }
  const LongerBars weeks = longer_bars(panel, parse_step("1w"));
  EXPECT_EQ(weeks.unfinished_ms, -1);
  ASSERT_EQ(weeks.panel.bars(), 2U);
  EXPECT_EQ(format_timestamp(weeks.panel.timestamps_ms[0]), "2023-12-25");
  EXPECT_EQ(format_timestamp(weeks.panel.timestamps_ms[1]), "2024-01-01");
  EXPECT_EQ(weeks.panel.at(Column::close, 0, 0), 2);
  EXPECT_EQ(weeks.panel.at(Column::close, 1, 0), 6);
  const LongerBars to_thursday = longer_bars(panel.slice(0, 5), parse_step("1w"));
  EXPECT_EQ(format_timestamp(to_thursday.unfinished_ms), "2024-01-01");
  Panel at_weekends = panel;
  add_closes(at_weekends, "2024-01-06", {7});  // trades on Saturdays: the week ends on Sunday
  EXPECT_EQ(format_timestamp(longer_bars(at_weekends, parse_step("1w")).unfinished_ms), "2024-01-01");
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
  EXPECT_EQ(format_timestamp(weeks.unfinished_ms), "1970-01-05");
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
