#pragma once
// One part of one column of the indicator table; fp64, the same bits on both devices. A window slides over
// blocks of bars, of which each is a part; what remembers all bars before is one part. Every bar's value is
// given to `out(t, value)` by one of the parts, NaN where there is none.

#include <cmath>
#include <cstdint>

#include "cuda/trading/indicators.hpp"
#include "cuda/trading/sliding_body.hpp"

namespace regent::cuda::sweep {

// [bars] each; returns[t]: of bar t + 1, in logs. Null where no column asks for it.
struct IndicatorInput {
  const double *high = nullptr, *low = nullptr, *close = nullptr, *volume = nullptr;
  const double *logs = nullptr, *returns = nullptr;
  std::int64_t bars = 0;
};

struct Moments {
  double count, mean, squares;  // Σ(x − mean)²
};

// Chan, Golub & LeVeque (1983)
REGENT_BODY Moments joined(const Moments& a, const Moments& b) {
  const double count = a.count + b.count, apart = b.mean - a.mean;
  return {count, a.mean + apart * b.count / count,
          a.squares + b.squares + apart * apart * a.count * b.count / count};
}

// Population; NaN where what is left of equal values is rounding.
REGENT_BODY double deviation_of(const Moments& m) {
  const double variance = m.squares / m.count;
  return variance > 1e-26 * m.mean * m.mean ? sqrt(variance) : NAN;
}

struct Extremes {
  double high, low;
};

REGENT_BODY Extremes joined(const Extremes& a, const Extremes& b) {
  return {a.high > b.high ? a.high : b.high, a.low < b.low ? a.low : b.low};
}

// From the first value on, without a warm-up.
struct Exponential {
  double alpha, mean;
  REGENT_BODY Exponential(std::int32_t window, double first) : alpha(2.0 / (window + 1.0)), mean(first) {}
  REGENT_BODY double next(double x) { return mean += alpha * (x - mean); }
};

// Wilder's, from bar 1 on: the mean of the first `window` values, then mean += (x − mean) / window.
struct Wilder {
  double window, mean = 0;
  REGENT_BODY explicit Wilder(std::int32_t of) : window(of) {}
  REGENT_BODY double next(std::int64_t t, double x) {
    if (static_cast<double>(t) > window) return mean += (x - mean) / window;
    mean += x;
    if (static_cast<double>(t) == window) mean /= window;
    return static_cast<double>(t) == window ? mean : NAN;
  }
};

// The bars before a column's first value; one part of it says so.
template <class Out>
REGENT_BODY void no_values(std::int64_t part, std::int64_t count, std::int64_t bars, const Out& out) {
  if (part > 0) return;
  for (std::int64_t t = 0; t < count && t < bars; ++t) out(t, NAN);
}

template <class Apart, class Out>
REGENT_BODY void slide_means(const double* x, std::int64_t bars, std::int64_t w, std::int64_t part,
                             const Room<Apart>& room, const Out& out) {
  const double count = static_cast<double>(w);
  slide_block(
      bars, w, part * w, room, [&](std::int64_t t) { return x[t]; }, [](double a, double b) { return a + b; },
      [&](std::int64_t t, double sum) { out(t, sum / count); });
}

template <class Apart, class Out>
REGENT_BODY void slide_moments(const double* x, std::int64_t bars, std::int64_t w, std::int64_t part,
                               const Room<Apart>& room, const Out& out) {
  slide_block(
      bars, w, part * w, room,
      [&](std::int64_t t) {
        return Moments{1, x[t], 0};
      },
      [](const Moments& a, const Moments& b) { return joined(a, b); }, out);
}

template <class Apart, class Out>
REGENT_BODY void sma_body(const IndicatorInput& in, std::int64_t w, double sign, std::int64_t part,
                          const Room<Apart>& room, const Out& out) {
  no_values(part, w - 1, in.bars, out);
  slide_means(in.close, in.bars, w, part, room, [&](std::int64_t t, double mean) {
    const double close = in.close[t];
    out(t, sign * ((mean - close) / close));
  });
}

template <class Apart, class Out>
REGENT_BODY void volume_body(const IndicatorInput& in, std::int64_t w, std::int64_t part,
                             const Room<Apart>& room, const Out& out) {
  no_values(part, w - 1, in.bars, out);
  slide_means(in.volume, in.bars, w, part, room,
              [&](std::int64_t t, double mean) { out(t, mean > 0 ? in.volume[t] / mean - 1 : NAN); });
}

template <class Apart, class Out>
REGENT_BODY void band_body(const double* x, std::int64_t bars, std::int64_t w, std::int64_t part,
                           const Room<Apart>& room, const Out& out) {
  no_values(part, w - 1, bars, out);
  slide_moments(x, bars, w, part, room,
                [&](std::int64_t t, const Moments& m) { out(t, (m.mean - x[t]) / deviation_of(m)); });
}

template <class Apart, class Out>
REGENT_BODY void breakout_body(const IndicatorInput& in, std::int64_t w, std::int64_t part,
                               const Room<Apart>& room, const Out& out) {
  no_values(part, w, in.bars, out);
  slide_block(
      in.bars - 1, w, part * w, room,
      [&](std::int64_t t) {
        return Extremes{in.high[t], in.low[t]};
      },
      [](const Extremes& a, const Extremes& b) { return joined(a, b); },
      [&](std::int64_t t, const Extremes& before) {
        const double close = in.close[t + 1];
        out(t + 1, close < before.low ? -1.0 : close > before.high ? 1.0 : 0.0);
      });
}

template <class Out>
REGENT_BODY void momentum_body(const IndicatorInput& in, std::int64_t w, std::int64_t part, const Out& out) {
  const double* c = in.close;
  for (std::int64_t t = part * w; t < (part + 1) * w && t < in.bars; ++t)
    out(t, t < w ? NAN : (c[t] - c[t - w]) / c[t - w]);
}

// sd_w of log returns; the deviation of equal ones is zero.
template <class Apart, class Out>
REGENT_BODY void return_deviation_body(const IndicatorInput& in, std::int64_t w, std::int64_t part,
                                       const Room<Apart>& room, const Out& out) {
  no_values(part, w, in.bars, out);
  slide_moments(in.returns, in.bars - 1, w, part, room,
                [&](std::int64_t t, const Moments& m) { out(t + 1, sqrt(m.squares / m.count)); });
}

template <class Out>
REGENT_BODY void ema_body(const IndicatorInput& in, std::int32_t w, const Out& out) {
  Exponential average(w, in.close[0]);
  for (std::int64_t t = 0; t < in.bars; ++t) {
    const double c = in.close[t], mean = average.next(c);
    out(t, t < w - 1 ? NAN : (mean - c) / c);
  }
}

template <class Out>
REGENT_BODY void macd_body(const IndicatorInput& in, std::int32_t w, std::int32_t v, const Out& out) {
  Exponential average(w, in.close[0]), line(v, in.close[0]);
  for (std::int64_t t = 0; t < in.bars; ++t) {
    const double mean = average.next(in.close[t]), signal = line.next(mean);
    out(t, t < std::int64_t{w} + v - 2 ? NAN : (mean - signal) / in.close[t]);
  }
}

template <class Out>
REGENT_BODY void rsi_body(const IndicatorInput& in, std::int32_t w, double sign, const Out& out) {
  Wilder gains(w), losses(w);
  out(0, NAN);
  for (std::int64_t t = 1; t < in.bars; ++t) {
    const double move = in.close[t] - in.close[t - 1];
    const double gain = gains.next(t, move < 0 ? 0.0 : move), loss = losses.next(t, -move < 0 ? 0.0 : -move);
    const double all = gain + loss;
    out(t, all == 0 ? 0.0 : sign * (100 * gain / all - 50));
  }
}

template <class Out>
REGENT_BODY void channel_body(const IndicatorInput& in, std::int32_t w, const Out& out) {
  Exponential average(w, in.close[0]);
  Wilder ranges(w);
  out(0, NAN);
  for (std::int64_t t = 1; t < in.bars; ++t) {
    const double before = in.close[t - 1];
    const double top = in.high[t] < before ? before : in.high[t];
    const double bottom = before < in.low[t] ? before : in.low[t];
    const double mean = average.next(in.close[t]), atr = ranges.next(t, top - bottom);
    out(t, atr > 0 ? (in.close[t] - mean) / atr : NAN);
  }
}

// How many passes a column takes, one after the other: a calm's second reads what the first has kept.
REGENT_BODY int passes_of(Indicator indicator) {
  return indicator == Indicator::calm ? 2 : 1;
}

// The window of a pass's blocks; 0: the pass is one part.
REGENT_BODY std::int64_t block_of(const ColumnKey& key, int pass) {
  switch (key.indicator) {
    case Indicator::ema:
    case Indicator::macd:
    case Indicator::rsi:
    case Indicator::oversold:
    case Indicator::channel:
      return 0;
    default:
      return pass == 0 ? key.w : key.v;
  }
}

REGENT_BODY std::int64_t parts_of(const ColumnKey& key, int pass, std::int64_t bars) {
  const std::int64_t block = block_of(key, pass);
  return block == 0 ? 1 : (bars + block - 1) / block;
}

// Doubles of room that a block needs for each of its bars.
REGENT_BODY int room_of(Indicator indicator) {
  switch (indicator) {
    case Indicator::below_band:
    case Indicator::below_log_band:
    case Indicator::calm:
      return sizeof(Moments) / sizeof(double);
    case Indicator::breakout:
      return sizeof(Extremes) / sizeof(double);
    case Indicator::sma:
    case Indicator::above:
    case Indicator::volume:
      return 1;
    default:
      return 0;
  }
}

// room: for block_of aggregates of room_of doubles; kept: [bars] of a column with two passes.
template <class Apart, class Out>
REGENT_BODY void indicator_body(const IndicatorInput& in, const ColumnKey& key, int pass, std::int64_t part,
                                const Room<Apart>& room, double* kept, const Out& out) {
  switch (key.indicator) {
    case Indicator::sma:
      return sma_body(in, key.w, 1, part, room, out);
    case Indicator::above:
      return sma_body(in, key.w, -1, part, room, out);
    case Indicator::ema:
      return ema_body(in, key.w, out);
    case Indicator::macd:
      return macd_body(in, key.w, key.v, out);
    case Indicator::rsi:
      return rsi_body(in, key.w, 1, out);
    case Indicator::oversold:
      return rsi_body(in, key.w, -1, out);
    case Indicator::below_band:
      return band_body(in.close, in.bars, key.w, part, room, out);
    case Indicator::below_log_band:
      return band_body(in.logs, in.bars, key.w, part, room, out);
    case Indicator::breakout:
      return breakout_body(in, key.w, part, room, out);
    case Indicator::momentum:
      return momentum_body(in, key.w, part, out);
    case Indicator::volume:
      return volume_body(in, key.w, part, room, out);
    case Indicator::channel:
      return channel_body(in, key.w, out);
    case Indicator::calm:
      const auto keep = [&](std::int64_t t, double value) { kept[t] = value; };
      const auto compare = [&](std::int64_t t, double usual) { out(t, usual > 0 ? -kept[t] / usual : NAN); };
      if (pass == 0) return return_deviation_body(in, key.w, part, room, keep);
      return return_deviation_body(in, key.v, part, room, compare);
  }
}

}  // namespace regent::cuda::sweep
