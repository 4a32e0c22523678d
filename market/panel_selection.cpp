#include "market/panel_selection.hpp"

#include <algorithm>

#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::market {

namespace {

bool is_empty(const BarView& bar) {
  return std::ranges::all_of(bar.columns, [](const auto& values) {
    return std::ranges::none_of(values, [](double value) { return value == value; });
  });
}

}  // namespace

Panel with_symbols(const Panel& panel, std::span<const std::size_t> positions) {
  Panel part;
  part.timestamps_ms = panel.timestamps_ms;
  for (const std::size_t position : positions) part.symbols.push_back(panel.symbols.at(position));
  for (std::size_t c = 0; c < column_count; ++c) {
    if (panel.columns[c].empty()) continue;
    part.columns[c].reserve(panel.bars() * positions.size());
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      const double* row = panel.columns[c].data() + bar * panel.symbol_count();
      for (const std::size_t position : positions) part.columns[c].push_back(row[position]);
    }
  }
  return part;
}

Panel with_symbol_names(const Panel& panel, std::vector<std::string> names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::size_t> positions;
  for (const auto& name : names) {
    const auto found = std::ranges::lower_bound(panel.symbols, name);
    if (found == panel.symbols.end() || *found != name) {
      throw InputError("symbol '" + name + "' is not in the data" + suggestion(name, panel.symbols));
    }
    positions.push_back(static_cast<std::size_t>(found - panel.symbols.begin()));
  }
  return with_symbols(panel, positions);
}

std::vector<std::size_t> symbols_with_closes(const Panel& panel) {
  std::vector<std::size_t> positions;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      const double close = panel.at(Column::close, bar, s);
      if (close != close) continue;
      positions.push_back(s);
      break;
    }
  }
  return positions;
}

std::vector<TimestampMs> close_times(const Panel& panel, std::size_t symbol) {
  std::vector<TimestampMs> times;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const double close = panel.at(Column::close, bar, symbol);
    if (close == close) times.push_back(panel.timestamps_ms[bar]);
  }
  return times;
}

Panel without_empty(const Panel& panel) {
  const auto positions = symbols_with_closes(panel);
  const Panel all = positions.size() == panel.symbol_count() ? panel : with_symbols(panel, positions);
  Panel kept;
  kept.symbols = all.symbols;
  for (std::size_t bar = 0; bar < all.bars() && !all.symbols.empty(); ++bar) {
    if (!is_empty(all.bar(bar))) kept.append(all.bar(bar));
  }
  return kept;
}

}  // namespace regent::market
