#pragma once
// Every combination of a family's grid on one symbol, and what can be said of the best of them.

#include <functional>
#include <span>
#include <vector>

#include "cuda/trading/sweep.hpp"
#include "strategies/grid.hpp"
#include "strategies/metrics.hpp"
#include "strategies/overfitting.hpp"
#include "strategies/time_plan.hpp"
#include "strategies/tradable.hpp"
#include "strategies/unset_vector.hpp"

namespace regent::strategies {

struct SweepSettings {
  cuda::sweep::TradingRules rules;
  std::vector<std::uint8_t> allowed;   // [bars] of the series, 0: flat; empty: always
  std::vector<double> slippage_rates;  // [bars] of fills in each; empty: rules.slippage_rate
  // Called with the number of combinations done since the call before.
  std::function<void(std::size_t)> progress;
  // Of the indicator table of a block of combinations; the buckets' sums have as many.
  std::size_t table_bytes_max = std::size_t{256} << 20;
};

// What remains of one combination.
struct Row {
  cuda::sweep::Outcome outcome;
  Metrics metrics;
};

struct FamilySweep {
  const Combinations* combinations = nullptr;
  UnsetVector<Row> rows;        // [combinations]
  UnsetVector<Sums> intervals;  // [combinations, intervals]
};

// Combinations in blocks, with room for what settings.table_bytes_max holds, or for eight columns and 1,024
// lanes where that is more. Memory: about 400 bytes and 40 an interval for every combination; on a
// GPU 250 and 32 a bucket for those of a block, beside the table. Throws InputError.
FamilySweep sweep(const cuda::Resources& resources, const TradableSeries& series,
                  const Combinations& combinations, const TimePlan& plan, const SweepSettings& settings);

// Several families of one symbol, in their order. A GPU sweeps some of them at once, since the lanes of one
// leave most of it idle, eight where it has 32 GiB of memory; progress is still called by one thread at a
// time.
std::vector<FamilySweep> sweep_all(const cuda::Resources& resources, const TradableSeries& series,
                                   std::span<const Combinations> families, const TimePlan& plan,
                                   const SweepSettings& settings);

// One combination bar by bar and trade by trade, by the same maths.
cuda::sweep::Journal backtest(const TradableSeries& series, const Combinations& combinations,
                              std::size_t combination, const TimePlan& plan, const SweepSettings& settings);

// The sums of one combination over whole intervals of the plan.
Sums sums_of(const FamilySweep& family, std::size_t combination, const TimePlan& plan, const Span& span);

// Annualised Sharpe ratios of many combinations.
struct Trials {
  std::size_t count = 0;  // all combinations
  double variance = 0;    // of those that have a ratio; 0 below two
};

struct FoldResult {
  Fold fold;
  // The best by the training Sharpe ratio, the first among equals. What was never traded in training has 0.
  std::size_t family = 0, combination = 0;
  double train_sharpe = 0, test_sharpe = 0, test_mean = 0;  // test_mean: per bar
  Trials trials;                                            // in training
};

struct WalkForward {
  std::vector<FoldResult> folds;
  double sharpe = 0;  // of all test bars together, each traded by its fold's choice
};

// Over all families swept on one symbol.
WalkForward walk_forward(std::span<const FamilySweep> families, const TimePlan& plan,
                         double periods_per_year);
Overfitting overfitting_of(std::span<const FamilySweep> families, const TimePlan& plan);

Trials trials_of(std::span<const FamilySweep> families);

}  // namespace regent::strategies
