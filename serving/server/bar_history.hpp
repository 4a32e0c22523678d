#pragma once
// Every bar that a stream has received, in order. Bar 1 is the first.

#include "market/panel.hpp"
#include "serving/wire/messages.hpp"

namespace regent::server {

market::ColumnSet columns_of(const wire::Bars& bars);
std::string to_text(market::ColumnSet columns);  // "open, high, low, close, volume"

class BarHistory {
 public:
  BarHistory(std::vector<std::string> symbols, market::ColumnSet columns);

  const std::vector<std::string>& symbols() const { return panel_.symbols; }
  market::ColumnSet columns() const { return columns_; }
  std::size_t bars() const { return panel_.bars(); }
  std::uint64_t next_sequence() const { return panel_.bars() + 1; }
  TimestampMs last_timestamp_ms() const { return panel_.timestamps_ms.back(); }  // REQUIRES bars() > 0
  market::BarView bar(std::size_t index) const { return panel_.bar(index); }     // from 0
  std::size_t bytes_per_bar() const;
  std::size_t bytes() const { return bars() * bytes_per_bar(); }

  // What differs between the bars that `bars` shares with this history, or "" when nothing does; NaN equals
  // NaN. REQUIRES the same symbols and columns.
  std::string difference(const wire::Bars& bars) const;
  // Appends those of `bars` that are new. REQUIRES the same symbols and columns, no gap and rising
  // timestamps.
  void append(const wire::Bars& bars);
  // Of the last 64 steps between bars (upper median); 0 before the second bar. A function of the bars alone.
  TimestampMs median_step_ms() const;

 private:
  market::Panel panel_;
  market::ColumnSet columns_;
};

}  // namespace regent::server
