#include "base/time.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

using regent::test::message_of;

constexpr TimestampMs day_ms = 86'400'000;

TEST(Time, ParsesEveryForm) {
  const TimestampMs day = 1'584'316'800'000;  // date -ud 2020-03-16 +%s
  const TimestampMs half_past_two = day + (14 * 60 + 30) * 60'000;
  EXPECT_EQ(parse_timestamp("2020-03-16"), day);
  EXPECT_EQ(parse_timestamp("2020-03-16 00:00"), day);
  EXPECT_EQ(parse_timestamp("2020-03-16 14:30"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16 14:30:00"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16T14:30:00Z"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16T14:30:00.123Z"), half_past_two + 123);
  EXPECT_EQ(parse_timestamp("2020-03-16T14:30:00.5"), half_past_two + 500);
  EXPECT_EQ(parse_timestamp("2020-03-16 14:30:00.123999999"), half_past_two + 123);
  EXPECT_EQ(parse_timestamp("2020-03-16T16:30:00+02:00"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16 09:30:00-0500"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16 09:30-05"), half_past_two);
  EXPECT_EQ(parse_timestamp("2020-03-16 00:15+05:45"), day - (5 * 60 + 30) * 60'000);
  EXPECT_EQ(parse_timestamp("1584369000"), half_past_two);
  EXPECT_EQ(parse_timestamp("1584369000000"), half_past_two);
  EXPECT_EQ(parse_timestamp("0"), 0);
  EXPECT_EQ(parse_timestamp("-86400"), -day_ms);
}

TEST(Time, TellsSecondsFromMillisecondsAtOneHundredBillion) {
  EXPECT_EQ(parse_timestamp("99999999999"), 99'999'999'999'000);
  EXPECT_EQ(parse_timestamp("100000000000"), 100'000'000'000);
  EXPECT_EQ(parse_timestamp("-100000000000"), -100'000'000'000);
}

TEST(Time, RejectsEverythingElseAndShowsIt) {
  for (const char* bad : {"",
                          " ",
                          "2020-03",
                          "2020-3-16",
                          "2020/03/16",
                          "20-03-2016",
                          "2020-02-30",
                          "2019-02-29",
                          "2020-13-01",
                          "2020-00-10",
                          "2020-03-16T",
                          "2020-03-16T14",
                          "2020-03-16T24:00",
                          "2020-03-16T14:60",
                          "2020-03-16 14:30:60",
                          "2020-03-16 14:30:00.",
                          "2020-03-16 14:30:00.1234567890",
                          "2020-03-16 14:30:00 UTC",
                          "2020-03-16Z",
                          "2020-03-16T14:30+2",
                          "2020-03-16T14:30+02:",
                          "2020-03-16T14:30+19:00",
                          "2020-03-16T14:30+02:60",
                          "2020-03-16x",
                          " 2020-03-16",
                          "2020-03-16 ",
                          "1584369000.5",
                          "1e9",
                          "+1584369000",
                          "9223372036854775808",
                          "9223372036854775807",
                          "0000-01-01",
                          "nan",
                          "0x10",
                          "20200316"}) {
    const std::string message = message_of<InputError>([&] { parse_timestamp(bad); });
    EXPECT_NE(message.find("'" + std::string(bad) + "'"), std::string::npos) << message;
  }
}

TEST(Time, FormatsTheShortestForm) {
  EXPECT_EQ(format_timestamp(0), "1970-01-01");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_timestamp(1'584'369'000'000), "2020-03-16T14:30:00Z");
  EXPECT_EQ(format_timestamp(1'584'369'000'007), "2020-03-16T14:30:00.007Z");
  EXPECT_EQ(format_timestamp(INT64_MAX), "9223372036854775807 ms");
  EXPECT_EQ(format_timestamp(INT64_MIN), "-9223372036854775808 ms");
}

// The C library's calendar, another writing of the same rules.
std::string by_the_c_library(TimestampMs timestamp_ms) {
  std::time_t seconds = timestamp_ms / 1000;
  if (timestamp_ms % 1000 < 0) --seconds;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64], with_ms[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  std::snprintf(with_ms, sizeof with_ms, "%s.%03dZ", text, static_cast<int>(timestamp_ms - seconds * 1000));
  return with_ms;
}

TEST(Time, AgreesWithTheCLibraryFromYear1To9999) {
  const TimestampMs first = parse_timestamp("0001-01-01"), last = parse_timestamp("9999-12-31T23:59:59.999Z");
  std::printf("seed 7\n");
  std::mt19937_64 random(7);
  std::uniform_int_distribution<TimestampMs> anywhere(first, last);
  for (int i = 0; i < 20'000; ++i) {
    const TimestampMs timestamp_ms = i == 0 ? first : (i == 1 ? last : anywhere(random));
    const std::string expected = by_the_c_library(timestamp_ms);
    ASSERT_EQ(parse_timestamp(expected), timestamp_ms) << expected;
    ASSERT_EQ(parse_timestamp(format_timestamp(timestamp_ms)), timestamp_ms);
    ASSERT_EQ(year_of(timestamp_ms), std::stoi(expected.substr(0, 4)));
  }
}

TEST(Time, KnowsWhereAYearStarts) {
  EXPECT_EQ(start_of_year(1970), 0);
  EXPECT_EQ(start_of_year(2000), 946'684'800'000);  // date -ud 2000-01-01 +%s
  for (const int year : {1, 1900, 1970, 2000, 2024, 9999}) {
    EXPECT_EQ(year_of(start_of_year(year)), year);
    if (year > 1) {
      EXPECT_EQ(year_of(start_of_year(year) - 1), year - 1);
    }
  }
  EXPECT_THROW(start_of_year(0), InputError);
  EXPECT_THROW(start_of_year(10'000), InputError);
  EXPECT_THROW(year_of(INT64_MAX), InputError);
}

TEST(Time, MonotonicClockNeverGoesBack) {
  std::int64_t before = monotonic_ns();
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t now = monotonic_ns();
    ASSERT_GE(now, before);
    before = now;
  }
  EXPECT_GT(wall_clock_now_ms(), start_of_year(2024));
}

}  // namespace
}  // namespace regent
