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
  // Metrics of the combinations [first, end) of a family: [end − first, result.regime_plan.regimes].
  using ByRegime = std::function<std::vector<Metrics>(std::size_t first, std::size_t end)>;
  using ByRegimeOf = std::function<ByRegime(const Combinations&)>;
  // by_regime: asked once for each family, not where the table has no regimes.
  void add(const SymbolResult& result, const ByRegimeOf& by_regime);
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
