#pragma once
// All combinations of all strategies on one symbol.

#include <string>
#include <vector>

#include "base/nan_value.hpp"
#include "strategies/commands/slippage_model.hpp"
#include "strategies/sweep.hpp"

namespace regent::strategies {

struct Best {
  std::size_t family = 0, combination = 0;
  double deflated_sharpe = nan_value;
  std::vector<Metrics> by_regime;  // [regime_plan.regimes]
};

struct SymbolResult {
  const TradableSeries* series = nullptr;
  SlippageSummary slippage;
  TimePlan plan, regime_plan;  // regime_plan: of all bars, by regime
  std::vector<FamilySweep> families;
  std::vector<Best> best;              // by Sharpe ratio, best first
  std::vector<Best> best_of_strategy;  // of each that traded
  std::size_t traded = 0;              // combinations that traded at all
  Trials trials;
  Overfitting overfitting;
  WalkForward walk_forward;
  std::vector<double> deflated_of_folds;  // [folds] Sharpe ratio of each choice in its training
  const Row& row(const Best& one) const { return families[one.family].rows[one.combination]; }
};

}  // namespace regent::strategies
