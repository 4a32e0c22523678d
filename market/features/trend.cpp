// Where the price stands beside its own past, and how straight it came there.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

REGENT_LANES void drawdown(const Block& block, std::size_t bars, double* out) {
  const auto extremes = window_extremes(block, Series::close, Series::close, bars);
  const double* close = block.row(Series::close, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = std::log(close[i] / extremes.highest[i]);
}

REGENT_LANES void distance_to_average(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::close, bars);
  const double* close = block.row(Series::close, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = std::log(close[i] / moments.mean[i]);
}

REGENT_LANES void efficiency_ratio(const Block& block, std::size_t bars, double* out) {
  Lanes way{}, path{}, count{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = r[i] == r[i];
      const double value = known ? r[i] : 0.0;
      count[i] += known ? 1.0 : 0.0;
      way[i] += value;
      path[i] += std::abs(value);
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double ratio = path[i] > 0 ? way[i] / path[i] : 0.0;
    out[i] = count[i] >= needed ? ratio : nan_value;
  }
}

Feature distance(std::size_t bars) {
  const std::string n = std::to_string(bars);
  return {declare("distance_sma_" + n, "ln(close / mean close over " + n + " bars)",
                  "Brock, Lakonishok & LeBaron (1992), Simple Technical Trading Rules",
                  static_cast<int>(bars), {Column::close}),
          [bars](const Block& block, double* out) { distance_to_average(block, bars, out); }};
}

}  // namespace

std::vector<Feature> trend_features() {
  return {
      {declare("drawdown_252", "ln(close / highest close over 252 bars)",
               "George & Hwang (2004), The 52-Week High and Momentum Investing", 252, {Column::close}),
       [](const Block& block, double* out) { drawdown(block, 252, out); }},
      distance(50),
      distance(200),
      {declare("trend_strength_21",
               "sum of log_return / sum of its absolute values over 21 bars, in [-1, 1]; 0 without movement",
               "Kaufman (1995), Smarter Trading (efficiency ratio, with its sign)", 22, {Column::close}),
       [](const Block& block, double* out) { efficiency_ratio(block, 21, out); }},
  };
}

}  // namespace regent::market
