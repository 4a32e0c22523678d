#pragma once
// A strategy family: a trading rule with parameters. Rules are data for cuda/trading/sweep.hpp (columns and
// levels), so that one engine runs them all; every rule is causal, since its columns are.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "strategies/indicators.hpp"

namespace regent::strategies {

struct Parameter {
  std::string name, meaning;
  double fallback = 0;
  double least = 1, most = 100'000;
  bool is_whole = true;  // a number of bars or of votes
  std::string grid;      // swept when nothing else is said
};

// The columns and levels of one choice of parameters; what they mean stands at cuda::sweep::Lane.
struct Recipe {
  ColumnKey enter;
  std::optional<ColumnKey> minus, stay, gate, side;
  double enter_level = 0;
  std::optional<double> stay_level;  // nothing: enter_level
  double gate_level = 0;
  int votes = 0;
};

using Values = std::span<const double>;  // in the order of Family::parameters

struct Family {
  std::string name, summary, formula, source;
  std::vector<Parameter> parameters;  // without stop and target, which every family has after them
  std::string condition;              // that choices of parameters must meet; "" when there is none
  std::function<bool(Values)> meets;  // empty when there is none
  std::function<Recipe(Values)> recipe;
};

const std::vector<Family>& catalogue();
// Throws InputError naming the families there are, and the nearest name.
const Family& family_named(const std::string& name);
// stop and target: fractions of the entry's price, 0 for none.
const std::vector<Parameter>& level_parameters();
// The family's own, then stop and target.
std::vector<Parameter> all_parameters(const Family& family);

// Bars before the rule can wish for anything.
std::int64_t warm_up_bars(const Recipe& recipe);
bool needs_volume(const Family& family);

}  // namespace regent::strategies
