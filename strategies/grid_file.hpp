#pragma once
// Grids that people write down in TOML, for `regent sweep --grid FILE.toml`.
//
//   folds = 4                                  # optional, as the flags: folds, purge, blocks
//   stop = [0, 0.05]                           # of every strategy without its own; so target
//
//   [[strategy]]
//   name = "sma_cross"
//   fast = {from = 5, to = 50, step = 5}       # `to` included where a step reaches it; step 1 when left out
//   slow = [100, 150, 200]
//   target = 0.1

#include <optional>
#include <string>
#include <vector>

#include "strategies/grid.hpp"

namespace regent::strategies {

struct GridFile {
  std::vector<Combinations> strategies;  // in the file's order, each family once
  std::optional<int> blocks, folds, purge_bars;
};

// Parameters that the file does not name take their own grid. Throws InputError naming file, line, field,
// value and what would be right: no TOML, an unknown key (with the nearest known one) or strategy, a strategy
// that stands twice, a value of another type, what fault_of finds, and a grid of no or too many combinations.
GridFile grid_from_toml(const std::string& text, const std::string& file);

}  // namespace regent::strategies
