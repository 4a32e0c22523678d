#pragma once
// A sender that is wrong a thousand times a second fills no disk: at most ten warnings in ten seconds; the
// metrics count them all.

#include <cstdint>

namespace regent::server {

class WarningLimit {
 public:
  bool permits(std::int64_t now_ns) {
    if (now_ns - window_began_ns_ > window_ns) {
      window_began_ns_ = now_ns;
      given_ = 0;
    }
    return given_++ < warnings_max;
  }

 private:
  static constexpr std::int64_t window_ns = 10'000'000'000;
  static constexpr std::int64_t warnings_max = 10;
  std::int64_t window_began_ns_ = 0;
  std::int64_t given_ = 0;
};

}  // namespace regent::server
