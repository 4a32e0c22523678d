#pragma once
// A walk-forward set of two small real bundles on a synthetic market, and its bars as requests.

#include "serving/wire/messages.hpp"
#include "tests/models/small_bundle.hpp"

namespace regent::server {

constexpr std::size_t market_bars = 300;
constexpr std::size_t first_served_bar = 200, second_served_bar = 250;

inline void write_walk_forward(const market::Panel& panel, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const std::size_t served : {first_served_bar, second_served_bar}) {
    models::Bundle bundle = models::small_bundle(panel.slice(0, served - 1), served);
    bundle.manifest.serve_from_ms = panel.timestamps_ms[served];
    models::write_bundle(bundle, folder / std::to_string(served));
  }
}

// Bars from..end-1 of the panel (counted from 0), asked about the last.
inline wire::DecisionRequest request_of(const market::Panel& panel, std::size_t from, std::size_t end) {
  wire::DecisionRequest request;
  request.stream = "real";
  request.symbols = panel.symbols;
  request.deadline_ms = 60'000;
  request.sequence = end;
  const market::Panel part = panel.slice(from, end);
  request.bars.first_sequence = from + 1;
  request.bars.timestamps_ms = part.timestamps_ms;
  request.bars.open = part.columns[0];
  request.bars.high = part.columns[1];
  request.bars.low = part.columns[2];
  request.bars.close = part.columns[3];
  request.bars.volume = part.columns[4];
  return request;
}

}  // namespace regent::server
