// Where a symbol stands among the symbols of the same bar. Symbols without a value are skipped and get none.

#include <algorithm>
#include <cmath>
#include <utility>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

// Ranks to (-1, 1): (2 rank - 1) / n - 1 with ranks 1..n, equal values share their mean rank. One symbol
// alone is 0.
void rank_values(std::vector<std::pair<double, std::size_t>>& values, double* out) {
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  for (std::size_t first = 0; first < values.size();) {
    std::size_t end = first + 1;
    while (end < values.size() && values[end].first == values[first].first) ++end;
    const double rank = 0.5 * static_cast<double>(first + 1 + end);
    for (std::size_t i = first; i < end; ++i) out[values[i].second] = (2 * rank - 1) / count - 1;
    first = end;
  }
}

void rank_of_return(const History& history, std::size_t bars, double* out) {
  const double* start = history.row(Series::carried_close, bars);
  const double* end = history.row(Series::close, 0);
  std::vector<std::pair<double, std::size_t>> values;
  values.reserve(history.symbols());
  for (std::size_t s = 0; s < history.symbols(); ++s) {
    out[s] = nan_value;
    const double value = std::log(end[s] / start[s]);
    if (value == value) values.emplace_back(value, s);
  }
  rank_values(values, out);
}

Feature rank_over(std::size_t bars) {
  const std::string n = std::to_string(bars);
  return {declare("rank_return_" + n,
                  "rank of ln(close[t] / close[t-" + n + "]) among the symbols of the bar, scaled to (-1, 1)",
                  "Asness, Moskowitz & Pedersen (2013), Value and Momentum Everywhere",
                  static_cast<int>(bars) + 1, {Column::close}, true),
          {},
          [bars](const History& history, double* out) { rank_of_return(history, bars, out); }};
}

}  // namespace

std::vector<Feature> rank_features() {
  return {rank_over(5), rank_over(21)};
}

}  // namespace regent::market
