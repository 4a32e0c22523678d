#include "market/io/cell_text.hpp"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "base/error.hpp"

namespace regent::market {

namespace {

constexpr std::int64_t seconds_min = 100'000'000;  // 1973: smaller numbers are years or row numbers
constexpr std::int64_t milliseconds_min = 100'000'000'000;
constexpr std::int64_t microseconds_min = 100'000'000'000'000;
constexpr std::int64_t nanoseconds_min = 100'000'000'000'000'000;

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<TimestampMs> compact_date(std::int64_t value) {
  const auto digits = std::to_string(value);
  try {
    return parse_timestamp(digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2));
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  static const bool ready = (arrow::util::InitializeUTF8(), true);
  return ready && arrow::util::ValidateUTF8(text);
}

bool is_missing_text(std::string_view text) {
  constexpr std::array<std::string_view, 8> markers{"", "nan", "na", "n/a", "#n/a", "null", "none", "-"};
  const auto cell = trimmed(text);
  if (cell.size() > 4) return false;
  std::string lower(cell);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(markers, lower) != markers.end();
}

std::optional<double> number_from_text(std::string_view text) {
  const auto value = whole_number<double>(trimmed(text));
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<TimestampMs> plausible_timestamp(TimestampMs timestamp_ms) {
  static const TimestampMs first = start_of_year(1900);
  static const TimestampMs end = start_of_year(2201);
  return timestamp_ms >= first && timestamp_ms < end ? std::optional(timestamp_ms) : std::nullopt;
}

std::optional<TimestampMs> timestamp_from_integer(std::int64_t value) {
  if (value >= 19'000'101 && value <= 22'001'231) return compact_date(value);
  const std::int64_t size = value < 0 ? -(value + 1) : value;
  if (size < seconds_min) return std::nullopt;
  if (size < milliseconds_min) return plausible_timestamp(value * 1000);
  if (size < microseconds_min) return plausible_timestamp(value);
  const std::int64_t parts = size < nanoseconds_min ? 1'000 : 1'000'000;
  // towards the past, so that a bar never seems later than it is
  return plausible_timestamp(value >= 0 ? value / parts : -((-(value + 1)) / parts) - 1);
}

std::optional<TimestampMs> timestamp_from_text(std::string_view text) {
  const auto cell = trimmed(text);
  if (const auto integer = whole_number<std::int64_t>(cell)) return timestamp_from_integer(*integer);
  try {
    return plausible_timestamp(parse_timestamp(cell));
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace regent::market
