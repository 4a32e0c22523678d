#pragma once
// What a stream must look like for a bundle to decide on it, from its manifest alone (no torch here).

#include <filesystem>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::bench {

struct BundleShape {
  std::vector<std::string> symbols;
  TimestampMs serve_from_ms = 0;
};

// Of the bundle, or of the one in a walk-forward set that serves last. Throws InputError when there is none.
BundleShape read_shape(const std::filesystem::path& folder);

// Daily OHLCV bars of a synthetic market for these symbols; bar `history` is the first at or after
// serve_from_ms.
market::Panel make_bars(const BundleShape& shape, std::size_t history, std::size_t decisions);

}  // namespace regent::bench
