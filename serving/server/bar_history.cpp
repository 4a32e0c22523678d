#include "serving/server/bar_history.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"

namespace regent::server {
namespace {

constexpr std::size_t steps_max = 64;

std::array<const std::vector<double>*, market::column_count> columns_by_index(const wire::Bars& bars) {
  return {&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume};  // in the order of market::Column
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

market::BarView view(const wire::Bars& bars, std::size_t bar, std::size_t symbols) {
  market::BarView result;
  result.timestamp_ms = bars.timestamps_ms[bar];
  const auto columns = columns_by_index(bars);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i]->empty()) {
      result.columns[i] = std::span(*columns[i]).subspan(bar * symbols, symbols);
    }
  }
  return result;
}

std::string bar_difference(const market::BarView& ours, const market::BarView& theirs,
                           const std::vector<std::string>& symbols) {
  std::ostringstream text;
  text.precision(17);
  if (ours.timestamp_ms != theirs.timestamp_ms) {
    text << "its timestamp is " << theirs.timestamp_ms << ", it was " << ours.timestamp_ms;
    return text.str();
  }
  for (std::size_t column = 0; column < market::column_count; ++column) {
    for (std::size_t i = 0; i < ours.columns[column].size(); ++i) {
      if (!same(ours.columns[column][i], theirs.columns[column][i])) {
        text << market::column_names[column] << " of " << symbols[i] << " is " << theirs.columns[column][i]
             << ", it was " << ours.columns[column][i];
        return text.str();
      }
    }
  }
  return {};
}

}  // namespace

market::ColumnSet columns_of(const wire::Bars& bars) {
  market::ColumnSet set;
  const auto columns = columns_by_index(bars);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i]->empty()) {
      set.add(static_cast<market::Column>(i));
    }
  }
  return set;
}

std::string to_text(market::ColumnSet columns) {
  std::string text;
  for (std::size_t i = 0; i < market::column_count; ++i) {
    if (columns.has(static_cast<market::Column>(i))) {
      text += (text.empty() ? "" : ", ") + std::string(market::column_names[i]);
    }
  }
  return text;
}

BarHistory::BarHistory(std::vector<std::string> symbols, market::ColumnSet columns) : columns_(columns) {
  panel_.symbols = std::move(symbols);
}

std::size_t BarHistory::bytes_per_bar() const {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < market::column_count; ++i) {
    columns += columns_.has(static_cast<market::Column>(i)) ? 1 : 0;
  }
  return sizeof(TimestampMs) + columns * panel_.symbols.size() * sizeof(double);
}

std::string BarHistory::difference(const wire::Bars& bars) const {
  for (std::size_t i = 0; i < bars.timestamps_ms.size() && bars.first_sequence + i < next_sequence(); ++i) {
    const std::uint64_t sequence = bars.first_sequence + i;
    const std::string found =
        bar_difference(panel_.bar(sequence - 1), view(bars, i, panel_.symbols.size()), panel_.symbols);
    if (!found.empty()) {
      return "bar " + std::to_string(sequence) + " differs from the bar already received: " + found;
    }
  }
  return {};
}

void BarHistory::append(const wire::Bars& bars) {
  REGENT_INVARIANT(bars.first_sequence <= next_sequence(), "a gap was let through");
  for (std::size_t i = next_sequence() - bars.first_sequence; i < bars.timestamps_ms.size(); ++i) {
    panel_.append(view(bars, i, panel_.symbols.size()));
  }
}

TimestampMs BarHistory::median_step_ms() const {
  const std::size_t steps = std::min(steps_max, std::max<std::size_t>(bars(), 1) - 1);
  if (steps == 0) {
    return 0;
  }
  std::vector<TimestampMs> sizes(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t bar = bars() - 1 - i;
    sizes[i] = panel_.timestamps_ms[bar] - panel_.timestamps_ms[bar - 1];
  }
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(steps / 2), sizes.end());
  return sizes[steps / 2];
}

}  // namespace regent::server
