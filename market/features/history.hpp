#pragma once
// The last bars of all symbols, one row of [symbols] per bar and series, and views of up to lanes_max symbols
// of them. Every feature is a function of these rows alone and keeps no state of its own: an old outlier
// leaves no trace, sums cannot drift, and a stream that saw the last history_bars bars gives the same bits as
// one that saw them all.

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "market/features/close_returns.hpp"
#include "market/panel.hpp"

namespace regent::market {

enum class Series : std::uint8_t {
  open,
  high,
  low,
  close,
  volume,         // cleaned: NaN where missing, not finite or not positive
  carried_close,  // the last known close, at most carry_bars_max bars old
  log_return,     // ln(close / last known close before)
  log_range,      // ln(high / low)
  log_body,       // ln(close / open)
  log_volume,
  market_return  // mean log_return over the symbols, the same in every lane
};
inline constexpr std::size_t series_count = 11;

class History {
 public:
  // Keeps `capacity` bars.
  History(std::size_t symbols, ColumnSet columns, std::size_t capacity);
  // Throws InputError when the bar has other columns or another number of symbols.
  void push(const BarView& bar);

  std::size_t symbols() const { return symbols_; }
  std::size_t bars_seen() const { return bars_seen_; }
  // [symbols], `age` bars ago (0: the newest, < capacity). NaN before the first bar.
  const double* row(Series series, std::size_t age) const {
    const auto& ring = rings_[static_cast<std::size_t>(series)];
    REGENT_INVARIANT(age < capacity_ && !ring.empty(),
                     "a feature reads a row that its history does not keep");
    const std::size_t position = newest_row_ >= age ? newest_row_ - age : newest_row_ + capacity_ - age;
    return ring.data() + position * symbols_;
  }

 private:
  double* newest(Series series);
  void push_column(const BarView& bar, Column column);
  void push_logarithms(Series target, Series numerator, Series denominator);

  std::size_t symbols_, capacity_;
  ColumnSet columns_;
  std::size_t bars_seen_ = 0;
  std::size_t newest_row_ = 0;
  CloseReturns returns_;
  std::array<std::vector<double>, series_count>
      rings_;  // each [capacity, symbols]; empty when it cannot be made
};

inline constexpr std::size_t lanes_max = 64;
using Lanes = std::array<double, lanes_max>;

// Up to lanes_max neighbouring symbols of a history: what a feature's body loops over.
struct Block {
  const History& history;
  std::size_t first;  // symbol of lane 0
  std::size_t lanes;
  const double* row(Series series, std::size_t age) const { return history.row(series, age) + first; }
};

}  // namespace regent::market
