#pragma once
// Stream time is int64 milliseconds since 1970-01-01 UTC; the monotonic clock is int64 nanoseconds.

#include <cstdint>
#include <string>
#include <string_view>

namespace regent {

using TimestampMs = std::int64_t;
inline constexpr TimestampMs day_ms = 86'400'000;
inline constexpr std::int64_t ns_per_ms = 1'000'000;

std::int64_t monotonic_ns();      // std::chrono::steady_clock
TimestampMs wall_clock_now_ms();  // only shells call this; a core gets its time as an argument

// "2020-03-16" when the time is midnight UTC, else "2020-03-16T14:30:00Z" (with ".123" when there are
// milliseconds).
std::string format_timestamp(TimestampMs timestamp_ms);
// The same forms, "YYYY-MM-DD HH:MM[:SS]", an offset such as +02:00 (converted to UTC), or an integer of unix
// milliseconds or seconds (told apart at 1e11). Throws InputError with the value and the accepted forms.
TimestampMs parse_timestamp(std::string_view text);
// Calendar year (UTC).
int year_of(TimestampMs timestamp_ms);
TimestampMs start_of_year(int year);

}  // namespace regent
