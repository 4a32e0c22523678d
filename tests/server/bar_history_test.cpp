#include "serving/server/bar_history.hpp"

#include <gtest/gtest.h>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

TEST(BarHistory, AppendsOnlyWhatIsNew) {
  BarHistory history({"A", "B"}, columns_of(make_request(1).bars));
  history.append(make_request(1, 5).bars);
  history.append(make_request(3, 3).bars);
  EXPECT_EQ(history.bars(), 5U);
  history.append(make_request(4, 5).bars);
  ASSERT_EQ(history.bars(), 8U);
  for (std::size_t bar = 0; bar < 8; ++bar) {
    const wire::Bars expected = make_request(bar + 1).bars;
    EXPECT_EQ(history.bar(bar).timestamp_ms, expected.timestamps_ms[0]);
    const auto close = history.bar(bar)[market::Column::close];
    EXPECT_EQ(close[0], expected.close[0]);
    EXPECT_EQ(std::isnan(close[1]), std::isnan(expected.close[1]));
    EXPECT_FALSE(history.bar(bar).has(market::Column::open));
  }
}

TEST(BarHistory, ComparesOnlyWhatItHasAndTakesMissingForEqual) {
  BarHistory history({"A", "B"}, columns_of(make_request(1).bars));
  history.append(make_request(1, 5).bars);  // bar 3 has a missing price
  EXPECT_EQ(history.difference(make_request(2, 10).bars), "");
  wire::Bars changed = make_request(3, 2).bars;
  changed.close[1] = 7;
  EXPECT_EQ(history.difference(changed),
            "bar 3 differs from the bar already received: close of B is 7, it was nan");
  changed = make_request(5, 2).bars;
  changed.close[2] = 1;  // of bar 6, not yet known
  EXPECT_EQ(history.difference(changed), "");
}

TEST(BarHistory, MedianStepIsOfTheLastSixtyFour) {
  BarHistory history({"A", "B"}, columns_of(make_request(1).bars));
  wire::Bars bars = make_request(1, 200).bars;
  TimestampMs time = 0;
  for (std::size_t bar = 0; bar < 200; ++bar) {
    time += bar < 150 ? 5 : 11;
    bars.timestamps_ms[bar] = time;
  }
  EXPECT_EQ(history.median_step_ms(), 0);
  history.append(bars);
  EXPECT_EQ(history.median_step_ms(), 11);  // 50 steps of 11 among the last 64
}

TEST(BarHistory, CountsItsBytes) {
  wire::Bars bars = make_request(1, 3).bars;
  bars.volume = bars.open = std::vector<double>(6, 1.0);
  BarHistory history({"A", "B"}, columns_of(bars));
  history.append(bars);
  EXPECT_EQ(history.bytes(), 3 * (8 + 3 * 2 * 8));
}

}  // namespace
}  // namespace regent::server
