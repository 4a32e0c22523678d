// Returns over one and several bars.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

// ln(close, `to` bars ago / close, `from` bars ago), by the last known closes.
REGENT_LANES void return_between(const Block& block, std::size_t from, std::size_t to, double* out) {
  const double* start = block.row(Series::carried_close, from);
  const double* end = block.row(Series::carried_close, to);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = std::log(end[i] / start[i]);
}

Feature return_over(const std::string& name, std::size_t bars, const std::string& source) {
  return {declare(name, "ln(close[t] / close[t-" + std::to_string(bars) + "])", source,
                  static_cast<int>(bars) + 1, {Column::close}),
          [bars](const Block& block, double* out) { return_between(block, bars, 0, out); }};
}

}  // namespace

std::vector<Feature> return_features() {
  const std::string textbook = "Campbell, Lo & MacKinlay (1997), The Econometrics of Financial Markets, 1.4";
  const std::string momentum = "Jegadeesh & Titman (1993), Returns to Buying Winners and Selling Losers";
  return {
      return_over("log_return", 1, textbook),
      return_over("return_5", 5, textbook),
      return_over("return_10", 10, textbook),
      return_over("return_21", 21, textbook),
      return_over("momentum_63", 63, momentum),
      {declare("momentum_252_21", "ln(close[t-21] / close[t-252])", momentum, 253, {Column::close}),
       [](const Block& block, double* out) { return_between(block, 252, 21, out); }},
  };
}

}  // namespace regent::market
