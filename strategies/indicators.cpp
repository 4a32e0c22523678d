#include "strategies/indicators.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "cuda/trading/sweep.hpp"
#include "strategies/sliding.hpp"

namespace regent::strategies {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
using IndicatorColumn = std::vector<double>;

double same(double x) {
  return x;
}

IndicatorColumn means(std::span<const double> values, std::size_t window) {
  IndicatorColumn out(values.size(), missing);
  const auto add = [](double a, double b) { return a + b; };
  const double count = static_cast<double>(window);
  slide<double>(values, window, same, add, [&](std::size_t t, double sum) { out[t] = sum / count; });
  return out;
}

struct Moments {
  double count = 0, mean = 0, squares = 0;  // Σ(x − mean)²
};

// Chan, Golub & LeVeque (1983)
Moments joined(const Moments& a, const Moments& b) {
  const double count = a.count + b.count, apart = b.mean - a.mean;
  return {count, a.mean + apart * b.count / count,
          a.squares + b.squares + apart * apart * a.count * b.count / count};
}

template <class Out>
void slide_moments(std::span<const double> values, std::size_t window, const Out& out) {
  slide<Moments>(
      values, window,
      [](double x) {
        return Moments{1, x, 0};
      },
      joined, out);
}

// Population; NaN where what is left of equal values is rounding.
double deviation(const Moments& m) {
  const double variance = m.squares / m.count;
  return variance > 1e-26 * m.mean * m.mean ? std::sqrt(variance) : missing;
}

IndicatorColumn below_band(std::span<const double> values, std::size_t window) {
  IndicatorColumn out(values.size(), missing);
  slide_moments(values, window,
                [&](std::size_t t, const Moments& m) { out[t] = (m.mean - values[t]) / deviation(m); });
  return out;
}

// From the first value on, without a warm-up.
IndicatorColumn exponential(std::span<const double> values, std::int32_t window) {
  IndicatorColumn out(values.size());
  const double alpha = 2.0 / (window + 1.0);
  double mean = values.empty() ? 0 : values[0];
  for (std::size_t t = 0; t < values.size(); ++t) out[t] = mean += alpha * (values[t] - mean);
  return out;
}

// Wilder's: the mean of the first `window` values, then mean += (x − mean) / window.
IndicatorColumn wilder(std::span<const double> values, std::size_t window, std::size_t first) {
  IndicatorColumn out(values.size(), missing);
  if (values.size() < first + window) return out;
  double mean = 0;
  for (std::size_t t = first; t < first + window; ++t) mean += values[t];
  mean /= static_cast<double>(window);
  out[first + window - 1] = mean;
  for (std::size_t t = first + window; t < values.size(); ++t) {
    out[t] = mean += (values[t] - mean) / static_cast<double>(window);
  }
  return out;
}

IndicatorColumn logs(std::span<const double> values) {
  IndicatorColumn out(values.size());
  std::ranges::transform(values, out.begin(), [](double x) { return std::log(x); });
  return out;
}

IndicatorColumn sma(const PriceSeries& s, std::size_t w, double sign) {
  IndicatorColumn out = means(s.close, w);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = sign * ((out[t] - s.close[t]) / s.close[t]);
  return out;
}

void forget(IndicatorColumn& column, std::int64_t bars) {
  std::fill_n(column.begin(), std::min<std::int64_t>(bars, std::ssize(column)), missing);
}

IndicatorColumn ema(const PriceSeries& s, const ColumnKey& key) {
  IndicatorColumn out = exponential(s.close, key.w);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = (out[t] - s.close[t]) / s.close[t];
  forget(out, key.w - 1);
  return out;
}

IndicatorColumn macd(const PriceSeries& s, const ColumnKey& key) {
  IndicatorColumn out = exponential(s.close, key.w);
  const IndicatorColumn line = exponential(out, key.v);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = (out[t] - line[t]) / s.close[t];
  forget(out, std::int64_t{key.w} + key.v - 2);
  return out;
}

IndicatorColumn rsi(const PriceSeries& s, std::size_t w, double sign) {
  IndicatorColumn up(s.bars(), 0), down(s.bars(), 0);
  for (std::size_t t = 1; t < s.bars(); ++t) {
    const double move = s.close[t] - s.close[t - 1];
    up[t] = std::max(move, 0.0);
    down[t] = std::max(-move, 0.0);
  }
  const IndicatorColumn gain = wilder(up, w, 1), loss = wilder(down, w, 1);
  IndicatorColumn out(s.bars());
  for (std::size_t t = 0; t < out.size(); ++t) {
    const double all = gain[t] + loss[t];
    out[t] = all == 0 ? 0 : sign * (100 * gain[t] / all - 50);
  }
  return out;
}

IndicatorColumn breakout(const PriceSeries& s, std::size_t w) {
  IndicatorColumn out(s.bars(), missing);
  const auto higher = [](double a, double b) { return a > b ? a : b; };
  const auto lower = [](double a, double b) { return a < b ? a : b; };
  slide<double>(s.high, w, same, higher, [&](std::size_t t, double highest) {
    if (t + 1 < out.size()) out[t + 1] = s.close[t + 1] > highest ? 1 : 0;
  });
  slide<double>(s.low, w, same, lower, [&](std::size_t t, double lowest) {
    if (t + 1 < out.size() && s.close[t + 1] < lowest) out[t + 1] = -1;
  });
  return out;
}

IndicatorColumn momentum(const PriceSeries& s, std::size_t w) {
  IndicatorColumn out(s.bars(), missing);
  for (std::size_t t = w; t < out.size(); ++t) out[t] = (s.close[t] - s.close[t - w]) / s.close[t - w];
  return out;
}

IndicatorColumn volume(const PriceSeries& s, std::size_t w) {
  if (s.volume.empty()) throw InputError("the bars have no volume, which this strategy needs");
  IndicatorColumn out = means(s.volume, w);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = out[t] > 0 ? s.volume[t] / out[t] - 1 : missing;
  return out;
}

IndicatorColumn channel(const PriceSeries& s, const ColumnKey& key) {
  IndicatorColumn range(s.bars(), 0);
  for (std::size_t t = 1; t < s.bars(); ++t) {
    range[t] = std::max(s.high[t], s.close[t - 1]) - std::min(s.low[t], s.close[t - 1]);
  }
  const IndicatorColumn atr = wilder(range, static_cast<std::size_t>(key.w), 1);
  IndicatorColumn out = exponential(s.close, key.w);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = atr[t] > 0 ? (s.close[t] - out[t]) / atr[t] : missing;
  return out;
}

IndicatorColumn return_deviations(std::span<const double> returns, std::int32_t w) {
  IndicatorColumn out(returns.size() + 1, missing);
  slide_moments(returns, static_cast<std::size_t>(w),
                [&](std::size_t t, const Moments& m) { out[t + 1] = std::sqrt(m.squares / m.count); });
  return out;
}

IndicatorColumn calm(const PriceSeries& s, const ColumnKey& key) {
  IndicatorColumn returns = logs(s.close);
  for (std::size_t t = 0; t + 1 < returns.size(); ++t) returns[t] = returns[t + 1] - returns[t];
  returns.pop_back();
  IndicatorColumn out = return_deviations(returns, key.w);
  const IndicatorColumn usual = return_deviations(returns, key.v);
  for (std::size_t t = 0; t < out.size(); ++t) out[t] = usual[t] > 0 ? -out[t] / usual[t] : missing;
  return out;
}

// Columns that are found and laid into the table together: one block of it.
constexpr std::size_t batch = cuda::sweep::Table::block;

void put_batch(const PriceSeries& series, std::span<const ColumnKey> keys, std::size_t first,
               std::vector<float>& table) {
  const std::size_t count = std::min(batch, keys.size() - first);
  std::vector<IndicatorColumn> columns;
  for (std::size_t i = 0; i < count; ++i) columns.push_back(indicator_column(series, keys[first + i]));
  float* rows = table.data() + first * series.bars();
  for (std::size_t t = 0; t < series.bars(); ++t) {
    for (std::size_t i = 0; i < count; ++i) rows[t * batch + i] = static_cast<float>(columns[i][t]);
  }
}

}  // namespace

std::int64_t warm_up_bars(const ColumnKey& key) {
  const std::int64_t w = key.w, v = key.v;
  switch (key.indicator) {
    case Indicator::macd:
      return w + v - 2;
    case Indicator::rsi:
    case Indicator::oversold:
    case Indicator::channel:
    case Indicator::breakout:
    case Indicator::momentum:
      return w;
    case Indicator::calm:
      return std::max(w, v);
    default:
      return w - 1;
  }
}

bool needs_volume(Indicator indicator) {
  return indicator == Indicator::volume;
}

std::vector<double> indicator_column(const PriceSeries& series, const ColumnKey& key) {
  REGENT_INVARIANT(key.w >= 1 && key.v >= 0 && series.bars() >= 2, "an indicator without bars");
  const auto w = static_cast<std::size_t>(key.w);
  switch (key.indicator) {
    case Indicator::sma:
      return sma(series, w, 1);
    case Indicator::above:
      return sma(series, w, -1);
    case Indicator::ema:
      return ema(series, key);
    case Indicator::macd:
      return macd(series, key);
    case Indicator::rsi:
      return rsi(series, w, 1);
    case Indicator::oversold:
      return rsi(series, w, -1);
    case Indicator::below_band:
      return below_band(series.close, w);
    case Indicator::below_log_band:
      return below_band(logs(series.close), w);
    case Indicator::breakout:
      return breakout(series, w);
    case Indicator::momentum:
      return momentum(series, w);
    case Indicator::volume:
      return volume(series, w);
    case Indicator::channel:
      return channel(series, key);
    case Indicator::calm:
      return calm(series, key);
  }
  return {};
}

std::vector<float> indicator_table(const PriceSeries& series, std::span<const ColumnKey> keys) {
  std::vector<float> table(cuda::sweep::Table::size(series.bars(), keys.size()));
  tbb::parallel_for(std::size_t{0}, (keys.size() + batch - 1) / batch,
                    [&](std::size_t i) { put_batch(series, keys, i * batch, table); });
  return table;
}

}  // namespace regent::strategies
