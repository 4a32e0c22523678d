#pragma once
// One bar of every symbol, owned.

#include <array>
#include <cstdint>
#include <vector>

#include "market/panel.hpp"

namespace regent::engine {

struct Bar {
  std::uint64_t sequence = 0;  // a stream's first bar is 1
  TimestampMs timestamp_ms = 0;
  std::array<std::vector<double>, market::column_count>
      columns;  // each [symbols], empty where it does not exist

  const std::vector<double>& operator[](market::Column column) const {
    return columns[static_cast<std::size_t>(column)];
  }
  market::BarView view() const;
  static Bar from(const market::BarView& view, std::uint64_t sequence);
};

// Same bits, where any NaN equals any NaN.
bool same(const Bar& left, const Bar& right);

}  // namespace regent::engine
