#include "market/panel_selection.hpp"

#include <algorithm>

#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::market {

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

}  // namespace regent::market
