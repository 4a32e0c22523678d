#pragma once
// Bars of many symbols in columnar form. A timestamp is the bar's OPEN, UTC milliseconds; NaN marks a missing
// value.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace regent::market {

enum class Column : std::uint8_t { open, high, low, close, volume };
inline constexpr std::size_t column_count = 5;
inline constexpr std::array<const char*, column_count> column_names{"open", "high", "low", "close", "volume"};

// Which of the five columns exist.
struct ColumnSet {
  std::uint8_t bits = 0;
  constexpr bool has(Column column) const { return (bits >> static_cast<int>(column)) & 1U; }
  constexpr void add(Column column) {
    bits = static_cast<std::uint8_t>(bits | (1U << static_cast<int>(column)));
  }
  constexpr bool operator==(const ColumnSet&) const = default;
};

// One bar of every symbol: spans of [symbols], empty where the column does not exist. `close` always exists.
struct BarView {
  TimestampMs timestamp_ms = 0;
  std::array<std::span<const double>, column_count> columns;
  std::span<const double> operator[](Column column) const {
    return columns[static_cast<std::size_t>(column)];
  }
  bool has(Column column) const { return !(*this)[column].empty(); }
};

struct Panel {
  std::vector<std::string> symbols;                       // [symbols], unique, sorted
  std::vector<TimestampMs> timestamps_ms;                 // [bars], strictly increasing
  std::array<std::vector<double>, column_count> columns;  // each [bars, symbols], symbol fastest, or empty

  std::size_t bars() const { return timestamps_ms.size(); }
  std::size_t symbol_count() const { return symbols.size(); }
  bool has(Column column) const { return !columns[static_cast<std::size_t>(column)].empty(); }
  ColumnSet column_set() const;
  double at(Column column, std::size_t bar, std::size_t symbol) const;
  double& at(Column column, std::size_t bar, std::size_t symbol);
  BarView bar(std::size_t index) const;                           // views into this panel
  Panel slice(std::size_t first_bar, std::size_t end_bar) const;  // [first, end)
  // First bar whose timestamp is >= timestamp_ms; bars() when there is none.
  std::size_t lower_bound(TimestampMs timestamp_ms) const;
  // Opens when the panel has them, else closes: the prices at which an order placed one bar earlier fills.
  Column execution_column() const { return has(Column::open) ? Column::open : Column::close; }
  void append(const BarView& bar);  // REQUIRES a later timestamp and the same columns (the first bar decides)
  // SHA-256 (hex) over symbols, timestamps and column bytes: what a bundle keeps of its data.
  std::string fingerprint() const;
};

// The median step between rising times; 0 for fewer than two.
TimestampMs usual_step(std::span<const TimestampMs> timestamps_ms);

}  // namespace regent::market
