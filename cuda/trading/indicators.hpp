#pragma once
// The columns that trading rules compare. Each is dimensionless and made in fp64 of bars up to its own:
// prices enter as distances from the bar's own close, so that rounding to float afterwards costs 1e-9 of the
// price. The formulas stand in indicators_body.hpp.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::sweep {

// Bars of one symbol that can be traded, all [bars], finite and positive (volume: not negative); volume may
// be empty. On closes-only series the four prices are the closes.
struct PriceSeries {
  std::span<const double> open, high, low, close, volume;
  std::size_t bars() const { return close.size(); }
};

// c: close; w, v: the column's two lengths in bars. NaN where bars are missing before the first full window,
// and where a value is undefined (a spread of zero).
enum class Indicator : std::uint8_t {
  sma,   // SMA_w(c) / c − 1
  ema,   // EMA_w(c) / c − 1, α = 2 / (w + 1), begun at the first close
  macd,  // (EMA_w(c) − EMA_v(EMA_w(c))) / c: the MACD less its signal line is this for the fast w less the
         // slow
  rsi,   // RSI_w − 50, Wilder's smoothing begun at the mean of the first w moves; 0 without any move
  oversold,        // 50 − RSI_w
  below_band,      // (mean_w(c) − c) / sd_w(c), population
  below_log_band,  // the same of log c
  breakout,        // 1: c > highest high of the w bars before; −1: c < their lowest low; else 0
  momentum,        // c / c[w bars before] − 1
  volume,          // volume / mean_w(volume) − 1, this bar included
  channel,         // (c − EMA_w(c)) / ATR_w, Wilder's
  calm,            // −sd_w / sd_v of log returns: higher is calmer than usual
  above,           // 1 − SMA_w(c) / c
};

struct ColumnKey {
  Indicator indicator = Indicator::sma;
  std::int32_t w = 0, v = 0;
  bool operator==(const ColumnKey&) const = default;
  auto operator<=>(const ColumnKey&) const = default;  // NOLINT(modernize-use-nullptr): it sees a 0 there
};

// REQUIRES two bars or more, w ≥ 1, and v ≥ 1 where the indicator has it. Throws InputError for a volume
// column of a series without volume.
std::vector<double> indicator_column(const PriceSeries& series, const ColumnKey& key);

// The columns as Table::values (sweep.hpp), float; they are found on all cores, or by a GPU. Throws as above.
// run_to_run and cpu_to_gpu: bitwise, since both run the same bodies on logarithms that the CPU takes.
std::vector<float> indicator_table(const Resources& resources, const PriceSeries& series,
                                   std::span<const ColumnKey> keys);

}  // namespace regent::cuda::sweep
