// How much prices move, per bar (not annualised).

#include <cmath>
#include <numbers>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

REGENT_LANES void realised_volatility(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::log_return, bars);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = moments.size[i];
}

REGENT_LANES void downside_volatility(const Block& block, std::size_t bars, double* out) {
  Lanes sum{}, count{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      count[i] += r[i] == r[i] ? 1.0 : 0.0;
      sum[i] += r[i] < 0 ? r[i] * r[i] : 0.0;
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    out[i] = count[i] >= needed ? std::sqrt(sum[i] / count[i]) : nan_value;
  }
}

REGENT_LANES void parkinson_range(const Block& block, double* out) {
  const double* range = block.row(Series::log_range, 0);
  const double scale = 1 / std::sqrt(4 * std::numbers::ln2);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = scale * range[i];
}

REGENT_LANES void parkinson_volatility(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::log_range, bars);
  const double scale = 1 / std::sqrt(4 * std::numbers::ln2);
  for (std::size_t i = 0; i < block.lanes; ++i) out[i] = scale * moments.size[i];
}

REGENT_LANES void garman_klass_volatility(const Block& block, std::size_t bars, double* out) {
  Lanes sum{}, count{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* range = block.row(Series::log_range, age);
    const double* body = block.row(Series::log_body, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double term = 0.5 * range[i] * range[i] - (2 * std::numbers::ln2 - 1) * body[i] * body[i];
      count[i] += term == term ? 1.0 : 0.0;
      sum[i] += term == term ? term : 0.0;
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    // a body outside its range (bad highs and lows) can make the sum negative
    const double mean = sum[i] > 0 ? sum[i] / count[i] : 0.0;
    out[i] = count[i] >= needed ? std::sqrt(mean) : nan_value;
  }
}

// Wilder's smoothing of the true range with normalised weights over the last 70 bars: 0.6 % of the infinite
// average's weight is cut, and the value depends on nothing older.
REGENT_LANES void average_true_range(const Block& block, double* out) {
  constexpr std::size_t bars = 70;
  constexpr double keep = 13.0 / 14.0;
  Lanes sum{}, weight{}, count{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* high = block.row(Series::high, age);
    const double* low = block.row(Series::low, age);
    const double* previous = block.row(Series::carried_close, age + 1);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double top = previous[i] > high[i] ? previous[i] : high[i];
      const double bottom = previous[i] < low[i] ? previous[i] : low[i];
      const double range = top - bottom;
      const bool known = range == range && previous[i] == previous[i];
      count[i] += known ? 1.0 : 0.0;
      sum[i] = known ? keep * sum[i] + range : sum[i];
      weight[i] = known ? keep * weight[i] + 1.0 : weight[i];
    }
  }
  const double* close = block.row(Series::close, 0);
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    out[i] = count[i] >= needed ? sum[i] / weight[i] / close[i] : nan_value;
  }
}

Feature realised(std::size_t bars) {
  const std::string n = std::to_string(bars);
  return {
      declare("realised_volatility_" + n, "sqrt(mean of log_return² over " + n + " bars)",
              "Andersen, Bollerslev, Diebold & Labys (2003), Modeling and Forecasting Realized Volatility",
              static_cast<int>(bars) + 1, {Column::close}),
      [bars](const Block& block, double* out) { realised_volatility(block, bars, out); }};
}

}  // namespace

std::vector<Feature> volatility_features() {
  const std::string parkinson = "Parkinson (1980), The Extreme Value Method for Estimating the Variance";
  return {
      realised(5),
      realised(21),
      realised(63),
      {declare("downside_volatility_21", "sqrt(mean of min(log_return, 0)² over 21 bars)",
               "Sortino & van der Meer (1991), Downside Risk", 22, {Column::close}),
       [](const Block& block, double* out) { downside_volatility(block, 21, out); }},
      {declare("parkinson_range", "ln(high / low) / sqrt(4 ln 2)", parkinson, 1, {Column::high, Column::low}),
       parkinson_range},
      {declare("parkinson_volatility_21", "sqrt(mean of ln(high / low)² over 21 bars / (4 ln 2))", parkinson,
               21, {Column::high, Column::low}),
       [](const Block& block, double* out) { parkinson_volatility(block, 21, out); }},
      {declare("garman_klass_volatility_21",
               "sqrt(mean of ln(high / low)² / 2 - (2 ln 2 - 1) ln(close / open)² over 21 bars)",
               "Garman & Klass (1980), On the Estimation of Security Price Volatilities", 21,
               {Column::open, Column::high, Column::low, Column::close}),
       [](const Block& block, double* out) { garman_klass_volatility(block, 21, out); }},
      {declare("atr_14",
               "Wilder average (1/14, normalised weights over 70 bars) of max(high, close[t-1]) - min(low, "
               "close[t-1]), "
               "divided by close",
               "Wilder (1978), New Concepts in Technical Trading Systems", 71,
               {Column::high, Column::low, Column::close}),
       average_true_range},
  };
}

}  // namespace regent::market
