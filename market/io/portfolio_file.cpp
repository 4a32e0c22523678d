#include "market/io/portfolio_file.hpp"

#include <algorithm>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "market/io/series_file.hpp"

namespace regent::market {

std::vector<Holding> read_portfolio(const std::string& file, const std::vector<std::string>& symbols,
                                    const std::function<std::string(const std::string&)>& stranger) {
  const SeriesTable table = read_series(file);
  const SeriesColumn *names = table.symbol_column(), *weight = table.find("weight");
  if (names == nullptr || weight == nullptr)
    throw InputError(file + ": a portfolio has a column symbol and a column weight");
  const std::vector<double> weights = numbers_of(table, *weight);
  std::vector<Holding> holdings;
  std::vector<bool> seen(symbols.size(), false);
  for (std::size_t row = 0; row < table.rows; ++row) {
    const std::string name = cell_text_of(*names, row), place = file + ", " + table.row_name(row);
    const auto found = std::ranges::find(symbols, name);
    if (found == symbols.end()) throw InputError(place + ": " + stranger(name) + suggestion(name, symbols));
    const auto symbol = static_cast<std::size_t>(found - symbols.begin());
    if (seen[symbol]) throw InputError(place + ": " + name + " stands twice");
    seen[symbol] = true;
    holdings.push_back({symbol, weights[row], place});
  }
  return holdings;
}

}  // namespace regent::market
