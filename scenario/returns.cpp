#include "scenario/returns.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "cuda/scenario/scenario.hpp"

namespace regent::scenario {
namespace {

using market::Column;

std::string worst_symbol(const market::Panel& panel) {
  std::size_t worst = 0, most = 0;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    std::size_t missing = 0;
    for (std::size_t bar = 0; bar < panel.bars(); ++bar)
      missing += std::isfinite(panel.at(Column::close, bar, s)) ? 0 : 1;
    if (missing > most) {
      most = missing;
      worst = s;
    }
  }
  return most == 0 ? "" : "; " + panel.symbols[worst] + " lacks " + std::to_string(most) + " closes";
}

void check_movement(const Returns& returns) {
  const std::size_t n = returns.assets();
  for (std::size_t s = 0; s < n; ++s) {
    bool moves = false;
    for (std::size_t bar = 0; bar < returns.bars() && !moves; ++bar)
      moves = returns.log_returns[bar * n + s] != 0;
    if (!moves) throw InputError(returns.symbols[s] + " never moves; leave it out with --symbols");
  }
}

}  // namespace

Returns returns_of(const market::Panel& panel) {
  const std::size_t n = panel.symbol_count();
  if (n > static_cast<std::size_t>(cuda::scenario::assets_max))
    throw InputError(std::to_string(n) + " symbols; scenarios take up to " +
                     std::to_string(cuda::scenario::assets_max) + ", choose with --symbols");
  Returns returns{.symbols = panel.symbols};
  std::vector<double> row(n);
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    bool whole = true;
    for (std::size_t s = 0; s < n; ++s) {
      row[s] = std::log(panel.at(Column::close, bar, s) / panel.at(Column::close, bar - 1, s));
      whole = whole && std::isfinite(row[s]);
    }
    if (!whole) {
      ++returns.left_out;
      continue;
    }
    returns.log_returns.insert(returns.log_returns.end(), row.begin(), row.end());
    returns.timestamps_ms.push_back(panel.timestamps_ms[bar]);
    returns.panel_bar.push_back(bar);
  }
  if (returns.bars() < bars_min)
    throw InputError("only " + std::to_string(returns.bars()) + " bars have a return of every symbol, " +
                     std::to_string(bars_min) + " are needed" + worst_symbol(panel));
  check_movement(returns);
  return returns;
}

}  // namespace regent::scenario
