#pragma once
// Log returns of all symbols from the last known close. A symbol that misses bars (a holiday of its exchange,
// a halt) gets its whole move on the bar where it trades again, if it was away for at most carry_bars_max
// bars; else NaN.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace regent::market {

inline constexpr int carry_bars_max = 10;

// A price that is not a positive finite number is missing: NaN.
double clean_price(double price);

class CloseReturns {
 public:
  explicit CloseReturns(std::size_t symbols);
  void update(std::span<const double> closes);                  // [symbols]
  std::span<const double> returns() const { return returns_; }  // [symbols] ln(close / last known close)
  std::span<const double> previous() const {
    return previous_;
  }  // [symbols] last known close before this bar
  std::span<const double> carried() const {
    return carried_;
  }  // [symbols] last known close, this bar included
  // Mean of the finite returns of this bar (equal weights), summed in symbol order; NaN when there is none.
  double mean_return() const { return mean_; }

 private:
  std::vector<double> returns_, previous_, carried_;
  std::vector<std::int32_t> age_bars_;  // of carried_
  double mean_;
};

}  // namespace regent::market
