#pragma once
// A sender that is wrong a thousand times a second fills no disk: at most ten lines in ten seconds; the
// metrics count them all.

#include <cstdint>

namespace regent::server {

class LogLimit {
 public:
  bool permits(std::int64_t now_ns) {
    if (now_ns - window_began_ns_ > window_ns) {
      window_began_ns_ = now_ns;
      given_ = 0;
    }
    return given_++ < lines_max;
  }

 private:
  static constexpr std::int64_t window_ns = 10'000'000'000;
  static constexpr std::int64_t lines_max = 10;
  std::int64_t window_began_ns_ = 0;
  std::int64_t given_ = 0;
};

}  // namespace regent::server
