// Chart oscillators. Recursive averages are run over a stated window with normalised weights, so that a value
// depends on nothing older than its window.

#include <cmath>

#include "market/features/feature.hpp"
#include "market/features/window.hpp"

namespace regent::market {

namespace {

// Gains and losses as log returns, so that the value depends on no price level. No movement at all is 50.
REGENT_LANES void relative_strength(const Block& block, double* out) {
  constexpr std::size_t bars = 70;  // 0.6 % of the infinite average's weight is cut
  constexpr double keep = 13.0 / 14.0;
  Lanes gain{}, loss{}, count{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* r = block.row(Series::log_return, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = r[i] == r[i];
      count[i] += known ? 1.0 : 0.0;
      gain[i] = known ? keep * gain[i] + (r[i] > 0 ? r[i] : 0.0) : gain[i];
      loss[i] = known ? keep * loss[i] + (r[i] < 0 ? -r[i] : 0.0) : loss[i];
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double sum = gain[i] + loss[i];
    const double strength = sum > 0 ? 100 * gain[i] / sum : 50.0;
    out[i] = count[i] >= needed ? strength : nan_value;
  }
}

// An exponential average with span n: weights (1 - 2/(n+1))^age, normalised over what it has seen.
struct ExponentialAverage {
  double keep;
  Lanes sum{}, weight{};
  explicit ExponentialAverage(int span) : keep(1 - 2.0 / (span + 1)) {}
};

// 68 bars settle the slow average (0.5 % of its weight is cut), 24 more the signal line.
constexpr std::size_t macd_settle_bars = 68;
constexpr std::size_t macd_bars = 92;

REGENT_LANES void macd_histogram(const Block& block, double* out) {
  ExponentialAverage fast(12), slow(26), signal(9);
  Lanes count{}, macd{};
  const double* now = block.row(Series::close, 0);
  for (std::size_t age = macd_bars; age-- > 0;) {
    const double* close = block.row(Series::close, age);
    const bool settled = age < macd_bars - macd_settle_bars + 1;
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = close[i] == close[i];
      const double price = close[i] / now[i];
      count[i] += known ? 1.0 : 0.0;
      fast.sum[i] = known ? fast.keep * fast.sum[i] + price : fast.sum[i];
      fast.weight[i] = known ? fast.keep * fast.weight[i] + 1.0 : fast.weight[i];
      slow.sum[i] = known ? slow.keep * slow.sum[i] + price : slow.sum[i];
      slow.weight[i] = known ? slow.keep * slow.weight[i] + 1.0 : slow.weight[i];
      macd[i] = known ? fast.sum[i] / fast.weight[i] - slow.sum[i] / slow.weight[i] : macd[i];
    }
    if (!settled) continue;
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = close[i] == close[i];
      signal.sum[i] = known ? signal.keep * signal.sum[i] + macd[i] : signal.sum[i];
      signal.weight[i] = known ? signal.keep * signal.weight[i] + 1.0 : signal.weight[i];
    }
  }
  const double needed = values_needed(macd_bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    out[i] = count[i] >= needed ? macd[i] - signal.sum[i] / signal.weight[i] : nan_value;
  }
}

REGENT_LANES void bollinger_position(const Block& block, std::size_t bars, double* out) {
  const auto moments = window_moments(block, Series::close, bars);
  const auto deviation = window_deviation(block, Series::close, bars, moments);
  const double* close = block.row(Series::close, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double position = (close[i] - moments.mean[i]) / (2 * deviation[i]);
    out[i] = deviation[i] == 0 ? 0.0 : position;
  }
}

REGENT_LANES void stochastic(const Block& block, std::size_t bars, double* out) {
  const auto extremes = window_extremes(block, Series::low, Series::high, bars);
  const double* close = block.row(Series::close, 0);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double range = extremes.highest[i] - extremes.lowest[i];
    out[i] = range == 0 ? 0.0 : (2 * close[i] - extremes.highest[i] - extremes.lowest[i]) / range;
  }
}

}  // namespace

std::vector<Feature> oscillator_features() {
  return {
      {declare("rsi_14",
               "100 gain / (gain + loss), Wilder averages (1/14, normalised weights over 70 bars) of the "
               "positive and "
               "negative log returns; 50 without movement",
               "Wilder (1978), New Concepts in Technical Trading Systems", 71, {Column::close}),
       relative_strength},
      {declare("macd_histogram",
               "(MACD - signal) / close, MACD = EMA12 - EMA26 of close over 92 bars, signal = EMA9 of its "
               "last 25",
               "Appel (1979), The Moving Average Convergence-Divergence Trading Method", 92, {Column::close}),
       macd_histogram},
      {declare("bollinger_position_20", "(close - mean20) / (2 standard deviation20); 0 when constant",
               "Bollinger (2001), Bollinger on Bollinger Bands", 20, {Column::close}),
       [](const Block& block, double* out) { bollinger_position(block, 20, out); }},
      {declare("stochastic_14", "(2 close - high14 - low14) / (high14 - low14), in [-1, 1]; 0 when constant",
               "Lane (1984), Lane's Stochastics", 14, {Column::high, Column::low, Column::close}),
       [](const Block& block, double* out) { stochastic(block, 14, out); }},
  };
}

}  // namespace regent::market
