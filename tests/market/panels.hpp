#pragma once
// Panels that the tests share.

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "market/feature_stream.hpp"
#include "market/synthetic.hpp"

namespace regent::market::test {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

inline std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& spec : feature_catalogue()) names.push_back(spec.name);
  return names;
}

inline Panel plain_panel(std::size_t bars, std::size_t symbols, std::uint64_t seed) {
  SyntheticMarket settings;
  settings.bars = bars;
  settings.symbols = symbols;
  settings.seed = seed;
  settings.signal_strength = 0.1;
  return make_synthetic_market(settings).panel;
}

// A panel with everything that real data does: a symbol listed late, one that stops, halts of one bar and of
// many, single missing values, bars without volume.
inline Panel holed_panel(std::size_t bars, std::uint64_t seed) {
  Panel panel = plain_panel(bars, 6, seed);
  const auto clear = [&](std::size_t symbol, std::size_t first, std::size_t end) {
    for (auto& column : panel.columns) {
      for (std::size_t bar = first; bar < std::min(end, bars); ++bar) {
        column[bar * panel.symbol_count() + symbol] = not_a_number;
      }
    }
  };
  clear(1, 0, bars / 4);
  clear(2, bars - bars / 5, bars);
  for (std::size_t bar = 7; bar < bars; bar += 13) clear(3, bar, bar + 1 + bar % 4);
  clear(3, bars / 2, bars / 2 + 15);  // longer than a close is carried
  clear(4, bars / 2, bars / 2 + 10);  // exactly as long
  for (std::size_t bar = 5; bar < bars; bar += 17) {
    panel.at(static_cast<Column>(bar % 3), bar, 5) = not_a_number;  // an open, high or low alone
    panel.at(Column::volume, bar + 1 < bars ? bar + 1 : bar, 5) = 0;
  }
  return panel;
}

inline bool same_bits(double left, double right) {
  return (left != left && right != right) || std::memcmp(&left, &right, sizeof left) == 0;
}

}  // namespace regent::market::test
