#pragma once
// Which day a time of UTC falls on.

#include "base/time.hpp"

namespace regent::market {

// Days since 1970-01-01, before it too.
inline std::int64_t day_of(TimestampMs timestamp_ms) {
  return timestamp_ms >= 0 ? timestamp_ms / day_ms : (timestamp_ms - day_ms + 1) / day_ms;
}

inline bool is_weekend(TimestampMs timestamp_ms) {
  return ((day_of(timestamp_ms) + 3) % 7 + 7) % 7 >= 5;  // 1970-01-01 was a Thursday
}

}  // namespace regent::market
