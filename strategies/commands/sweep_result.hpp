#pragma once
// All combinations of all strategies on one symbol.

#include <limits>
#include <string>
#include <vector>

#include "strategies/sweep.hpp"

namespace regent::strategies {

struct Best {
  std::size_t family = 0, combination = 0;
  double deflated_sharpe = std::numeric_limits<double>::quiet_NaN();
};

struct SymbolResult {
  std::string symbol;
  double periods_per_year = 0;
  std::size_t bars = 0, frozen_bars = 0;
  TimePlan plan;
  std::vector<FamilySweep> families;
  std::vector<Best> best;  // by Sharpe ratio, best first
  Trials trials;
  Overfitting overfitting;
  WalkForward walk_forward;
  const Row& row(const Best& one) const { return families[one.family].rows[one.combination]; }
};

}  // namespace regent::strategies
