#pragma once
// The rows of `regent sweep --out`: one per symbol and combination, written while the symbols are swept.

#include <functional>
#include <string>
#include <vector>

#include "market/io/series_writer.hpp"
#include "strategies/commands/sweep_result.hpp"

namespace regent::strategies {

// Columns beside parameters and metrics.
struct SweepColumns {
  int folds = 0;                     // the Sharpe ratios in training and test of each
  std::vector<std::string> regimes;  // labels of all symbols: every metric of each
};

class SweepTable {
 public:
  SweepTable(const std::vector<Combinations>& all, SweepColumns more, market::SeriesWriter file);
  // by_regime(combinations, first, end): [end − first, result.regime_plan.regimes]; not called where the
  // table has no regimes.
  using ByRegime = std::function<std::vector<Metrics>(const Combinations&, std::size_t, std::size_t)>;
  void add(const SymbolResult& result, const ByRegime& by_regime);
  void finish();

 private:
  void add_row(const SymbolResult& result, const FamilySweep& family, std::size_t combination,
               std::span<const Metrics> by_regime);
  void flush();

  std::vector<std::string> parameters_;
  SweepColumns more_;
  std::vector<market::SeriesColumn> columns_;
  market::SeriesWriter file_;
};

}  // namespace regent::strategies
