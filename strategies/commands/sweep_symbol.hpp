#pragma once
// One symbol's sweep, and what is said of its best combinations.

#include <span>

#include "strategies/commands/regime_series.hpp"
#include "strategies/commands/sweep_result.hpp"

namespace regent::strategies {

struct SymbolTask {
  const TradableSeries& series;
  const Regimes& regimes;
  std::span<const Combinations> families;
  const PlanSettings& plan;
  const SweepSettings& settings;
  std::size_t top = 10;  // best combinations kept
};

// The result points to task.series and task.families. Throws InputError.
SymbolResult sweep_symbol(const cuda::Resources& resources, const SymbolTask& task);

}  // namespace regent::strategies
