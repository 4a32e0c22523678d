#pragma once
// A portfolio as people write it down: a table with the columns symbol and weight.

#include <functional>
#include <string>
#include <vector>

namespace regent::market {

struct Holding {
  std::size_t symbol;  // index into the symbols that were asked about
  double weight;       // NaN where the cell is empty
  std::string place;   // "weights.csv, line 3", for messages about the weight
};

// One entry a row. Throws InputError for a column that is missing, a symbol that stands twice, and one that
// is not among `symbols`: `stranger` says of whom it is none.
std::vector<Holding> read_portfolio(const std::string& file, const std::vector<std::string>& symbols,
                                    const std::function<std::string(const std::string&)>& stranger);

}  // namespace regent::market
