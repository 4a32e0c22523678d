#include "base/time.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/error.hpp"

namespace regent {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;

constexpr int year_min = 1, year_max = 9999;             // what the textual forms can hold
constexpr std::int64_t seconds_below = 100'000'000'000;  // 1e11 s is the year 5138, 1e11 ms is 1973

constexpr std::int64_t start_of_day_ms(year_month_day date) {
  return static_cast<std::int64_t>(sys_days(date).time_since_epoch().count()) * day_ms;
}
constexpr year_month_day date_of(int year, unsigned month, unsigned day) {
  return {std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
}
constexpr std::int64_t timestamp_min = start_of_day_ms(date_of(year_min, 1, 1));
constexpr std::int64_t timestamp_max = start_of_day_ms(date_of(year_max, 12, 31)) + day_ms - 1;

bool in_calendar(TimestampMs timestamp_ms) {
  return timestamp_ms >= timestamp_min && timestamp_ms <= timestamp_max;
}

// Reads the accepted forms from left to right; every step returns false when the text does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  bool skip(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  // One to nine digits after the point; what is finer than a millisecond is cut off.
  bool fraction(int& value_ms) {
    std::size_t count = 0;
    value_ms = 0;
    for (int weight = 100; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; weight /= 10) {
      value_ms += weight * (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++count;
    }
    return count >= 1 && count <= 9;
  }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> parse_offset_ms(Reader& reader) {
  if (reader.at_end() || reader.skip('Z'))
    return reader.at_end() ? std::optional<std::int64_t>(0) : std::nullopt;
  const bool west = reader.skip('-');
  if (!west && !reader.skip('+')) return std::nullopt;
  int hours = 0, minutes = 0;
  if (!reader.digits(2, hours)) return std::nullopt;
  const bool colon = reader.skip(':');
  if ((colon || !reader.at_end()) && !reader.digits(2, minutes)) return std::nullopt;
  if (!reader.at_end() || hours > 18 || minutes > 59) return std::nullopt;
  const std::int64_t offset = (hours * 60 + minutes) * std::int64_t{60'000};
  return west ? -offset : offset;
}

std::optional<std::int64_t> parse_clock_ms(Reader& reader) {
  int hours = 0, minutes = 0, seconds = 0, fraction_ms = 0;
  if (!reader.digits(2, hours) || !reader.skip(':') || !reader.digits(2, minutes)) return std::nullopt;
  if (reader.skip(':')) {
    if (!reader.digits(2, seconds)) return std::nullopt;
    if (reader.skip('.') && !reader.fraction(fraction_ms)) return std::nullopt;
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  const std::optional<std::int64_t> offset_ms = parse_offset_ms(reader);
  if (!offset_ms) return std::nullopt;
  return ((hours * 60 + minutes) * 60 + seconds) * std::int64_t{1000} + fraction_ms - *offset_ms;
}

std::optional<TimestampMs> parse_calendar(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0;
  if (!reader.digits(4, year) || !reader.skip('-') || !reader.digits(2, month) || !reader.skip('-') ||
      !reader.digits(2, day)) {
    return std::nullopt;
  }
  const year_month_day date = date_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  if (year < year_min || !date.ok()) return std::nullopt;
  if (reader.at_end()) return start_of_day_ms(date);
  if (!reader.skip('T') && !reader.skip(' ')) return std::nullopt;
  const std::optional<std::int64_t> clock_ms = parse_clock_ms(reader);
  if (!clock_ms) return std::nullopt;
  return start_of_day_ms(date) + *clock_ms;
}

// 20200316 would be read as August 1970, which nobody means.
bool looks_like_compact_date(std::int64_t number) {
  if (number < 19000101 || number > 21991231) return false;
  return date_of(static_cast<int>(number / 10000), static_cast<unsigned>(number / 100 % 100),
                 static_cast<unsigned>(number % 100))
      .ok();
}

std::optional<TimestampMs> parse_unix(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (looks_like_compact_date(number)) return std::nullopt;
  return number > -seconds_below && number < seconds_below ? number * 1000 : number;
}

}  // namespace

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TimestampMs wall_clock_now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string format_timestamp(TimestampMs timestamp_ms) {
  if (!in_calendar(timestamp_ms)) return std::to_string(timestamp_ms) + " ms";
  const sys_time<milliseconds> time{milliseconds(timestamp_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const year_month_day date(day);
  const auto of_day_ms = static_cast<int>((time - day).count());
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  std::string result(text, static_cast<std::size_t>(size));
  if (of_day_ms == 0) return result;
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", of_day_ms / 3'600'000, of_day_ms / 60'000 % 60,
                of_day_ms / 1000 % 60);
  result += text;
  if (of_day_ms % 1000 != 0) {
    std::snprintf(text, sizeof text, ".%03d", of_day_ms % 1000);
    result += text;
  }
  return result + "Z";
}

TimestampMs parse_timestamp(std::string_view text) {
  std::optional<TimestampMs> parsed = parse_unix(text);
  if (!parsed) parsed = parse_calendar(text);
  if (!parsed || !in_calendar(*parsed)) {
    throw InputError(
        "not a timestamp: '" + std::string(text.substr(0, 80)) +
        "'; expected 2020-03-16, 2020-03-16T14:30:00Z, 2020-03-16 14:30[:00[.123]] (UTC, or with an "
        "offset such as +02:00), or an integer of unix seconds or milliseconds");
  }
  return *parsed;
}

int year_of(TimestampMs timestamp_ms) {
  if (!in_calendar(timestamp_ms)) {
    throw InputError("timestamp " + format_timestamp(timestamp_ms) + " lies outside the years 1 to 9999");
  }
  const sys_time<milliseconds> time{milliseconds(timestamp_ms)};
  return static_cast<int>(year_month_day(std::chrono::floor<std::chrono::days>(time)).year());
}

TimestampMs start_of_year(int year) {
  if (year < year_min || year > year_max) {
    throw InputError("year " + std::to_string(year) + " lies outside 1 to 9999");
  }
  return start_of_day_ms(date_of(year, 1, 1));
}

}  // namespace regent
