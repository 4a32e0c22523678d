#pragma once
// The rows of `regent sweep --out`: one per symbol and combination, written while the symbols are swept.

#include <string>
#include <vector>

#include "market/io/series_writer.hpp"
#include "strategies/commands/sweep_result.hpp"

namespace regent::strategies {

class SweepTable {
 public:
  // regimes: labels of all symbols, in the order of their columns. The same rows go to every file.
  SweepTable(const std::vector<Combinations>& all, const std::vector<std::string>& regimes,
             std::vector<market::SeriesWriter> files);
  void add(const SymbolResult& result);
  void finish();

 private:
  void add_row(const SymbolResult& result, const FamilySweep& family, std::size_t combination);
  void flush();

  std::vector<std::string> parameters_, regimes_;
  std::vector<market::SeriesColumn> columns_;
  std::vector<market::SeriesWriter> files_;
};

}  // namespace regent::strategies
