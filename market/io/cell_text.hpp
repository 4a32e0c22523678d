#pragma once
// What one cell of a text file means.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "base/trimmed.hpp"

namespace regent::market {

bool is_utf8(std::string_view text);

// Empty, nan, na, n/a, #n/a, null, none, "-" (any case).
bool is_missing_text(std::string_view text);

// A finite number that fills the whole text; nothing otherwise.
std::optional<double> number_from_text(std::string_view text);

// Unix time as seconds, milliseconds, microseconds or nanoseconds, told apart by size (from 1e8 on), or a
// date as YYYYMMDD. Nothing outside the years 1900 to 2200.
std::optional<TimestampMs> timestamp_from_integer(std::int64_t value);
// An integer as above, or a date or time in one of the forms of parse_timestamp().
std::optional<TimestampMs> timestamp_from_text(std::string_view text);
// Nothing outside the years 1900 to 2200.
std::optional<TimestampMs> plausible_timestamp(TimestampMs timestamp_ms);

}  // namespace regent::market
