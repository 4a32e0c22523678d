#include "market/panel.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.hpp"
#include "base/sha256.hpp"

namespace regent::market {

namespace {

constexpr std::size_t index_of(Column column) {
  return static_cast<std::size_t>(column);
}

static_assert(std::endian::native == std::endian::little, "a fingerprint is taken over little-endian bytes");

void append_bytes(std::vector<std::uint8_t>& bytes, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::uint8_t*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

void append_number(std::vector<std::uint8_t>& bytes, std::uint64_t number) {
  append_bytes(bytes, &number, sizeof number);
}

}  // namespace

ColumnSet Panel::column_set() const {
  ColumnSet set;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (!columns[c].empty()) set.add(static_cast<Column>(c));
  }
  return set;
}

double Panel::at(Column column, std::size_t bar, std::size_t symbol) const {
  return columns[index_of(column)][bar * symbol_count() + symbol];
}

double& Panel::at(Column column, std::size_t bar, std::size_t symbol) {
  return columns[index_of(column)][bar * symbol_count() + symbol];
}

BarView Panel::bar(std::size_t index) const {
  REGENT_INVARIANT(index < bars(),
                   "bar " + std::to_string(index) + " of a panel of " + std::to_string(bars()));
  BarView view;
  view.timestamp_ms = timestamps_ms[index];
  for (std::size_t c = 0; c < column_count; ++c) {
    if (!columns[c].empty()) {
      view.columns[c] = std::span(columns[c]).subspan(index * symbol_count(), symbol_count());
    }
  }
  return view;
}

Panel Panel::slice(std::size_t first_bar, std::size_t end_bar) const {
  REGENT_INVARIANT(first_bar <= end_bar && end_bar <= bars(),
                   "slice [" + std::to_string(first_bar) + ", " + std::to_string(end_bar) +
                       ") of a panel of " + std::to_string(bars()) + " bars");
  const auto at_bar = [](const auto& values, std::size_t position) {
    return values.begin() + static_cast<std::ptrdiff_t>(position);
  };
  Panel part;
  part.symbols = symbols;
  part.timestamps_ms.assign(at_bar(timestamps_ms, first_bar), at_bar(timestamps_ms, end_bar));
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns[c].empty()) continue;
    part.columns[c].assign(at_bar(columns[c], first_bar * symbol_count()),
                           at_bar(columns[c], end_bar * symbol_count()));
  }
  return part;
}

std::size_t Panel::lower_bound(TimestampMs timestamp_ms) const {
  const auto found = std::lower_bound(timestamps_ms.begin(), timestamps_ms.end(), timestamp_ms);
  return static_cast<std::size_t>(found - timestamps_ms.begin());
}

void Panel::append(const BarView& bar) {
  REGENT_INVARIANT(
      timestamps_ms.empty() || bar.timestamp_ms > timestamps_ms.back(),
      "a bar at " + format_timestamp(bar.timestamp_ms) + " cannot follow one that is not earlier");
  REGENT_INVARIANT(bar.has(Column::close), "a bar without closes");
  const bool first = timestamps_ms.empty();
  for (std::size_t c = 0; c < column_count; ++c) {
    const auto& values = bar.columns[c];
    REGENT_INVARIANT(values.empty() || values.size() == symbol_count(),
                     "a bar of " + std::to_string(values.size()) + " symbols in a panel of " +
                         std::to_string(symbol_count()));
    REGENT_INVARIANT(first || values.empty() == columns[c].empty(),
                     std::string("column ") + column_names[c] + " differs from the panel's");
  }
  timestamps_ms.push_back(bar.timestamp_ms);
  for (std::size_t c = 0; c < column_count; ++c) {
    columns[c].insert(columns[c].end(), bar.columns[c].begin(), bar.columns[c].end());
  }
}

std::string Panel::fingerprint() const {
  std::vector<std::uint8_t> bytes;
  append_number(bytes, symbols.size());
  for (const auto& symbol : symbols) {
    append_number(bytes, symbol.size());
    append_bytes(bytes, symbol.data(), symbol.size());
  }
  append_number(bytes, timestamps_ms.size());
  append_bytes(bytes, timestamps_ms.data(), timestamps_ms.size() * sizeof(TimestampMs));
  for (const auto& column : columns) {
    append_number(bytes, column.size());
    const std::size_t start = bytes.size();
    append_bytes(bytes, column.data(), column.size() * sizeof(double));
    // every NaN is the same "missing", whatever bits the machine that made it gave it
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (column[i] == column[i]) continue;
      const std::uint64_t missing = 0x7FF8000000000000U;
      std::memcpy(bytes.data() + start + i * sizeof missing, &missing, sizeof missing);
    }
  }
  const auto digest = sha256(std::span<const std::uint8_t>(bytes));
  return to_hex(digest);
}

TimestampMs usual_step(std::span<const TimestampMs> timestamps_ms) {
  if (timestamps_ms.size() < 2) return 0;
  std::vector<TimestampMs> steps(timestamps_ms.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = timestamps_ms[i + 1] - timestamps_ms[i];
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace regent::market
