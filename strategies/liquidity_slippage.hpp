#pragma once
// What a market or stop order pays beyond the price, from how the market moved and traded before it. A fill
// in bar t pays, in basis points of the price,
//
//   s_t = clamp(base + a·σ_t + b·S_t + d·Q_t, least, most)
//
//   σ_t  volatility of a minute: √(mean of r²) / √(minutes of a bar), r the log returns from close to close
//   S_t  bid-ask spread by Abdi & Ranaldo (2017): mean of √max(0, 4·(c_i − η_i)·(c_i − η_{i+1})) over pairs
//        of bars, / √(minutes of a bar), c the log close and η the mean of log high and log low
//   Q_t  minutes of the market's volume that the order is: its value / (mean of close·volume / minutes of
//        a bar)
//
// All means are exponentially weighted with one half-life, over the bars before t: the fill's own bar counts
// for none of them. On bars of a minute S is the paper's. On longer ones the pairs show a bar's own movement
// (0.40 of its volatility in a Brownian motion without any spread, about 0.3 on real bars) far more than a
// spread of a few basis points, so they are brought to a minute as σ is. Before the first log return is known
// a fill pays the most.

#include <cstddef>
#include <span>
#include <vector>

#include "base/nan_value.hpp"
#include "market/panel.hpp"

namespace regent::strategies {

struct LiquiditySlippageRule {
  double base_bps = 0.5;
  double volatility_weight = 0.35, spread_weight = 0.5;
  double depth_bps_per_minute = 0.1;  // of volume
  double least_bps = 0.05, most_bps = 8;
  double half_life_bars = 20;
};

// What one bar says of liquidity; NaN where it is missing.
struct LiquidityBar {
  double high = nan_value, low = nan_value, close = nan_value, volume = nan_value;
};
LiquidityBar liquidity_bar(const market::Panel& panel, std::size_t bar, std::size_t symbol);

class LiquiditySlippage {
 public:
  explicit LiquiditySlippage(double bar_minutes, const LiquiditySlippageRule& rule = {});
  // A bar without a close is passed over; one without high and low adds no pair, one without volume none.
  void add(const LiquidityBar& bar);
  // Fraction of the price, of a fill in the bar after those that were added. What no bar has said counts as
  // zero; where bars have a volume, and none was traded, the fill pays the most.
  double rate(double order_value) const;

 private:
  // Exponentially weighted, with the weights of what there is.
  struct Mean {
    double sum = 0, weight = 0;
    void add(double value, double keep) {
      sum = keep * sum + value;
      weight = keep * weight + 1;
    }
    bool known() const { return weight > 0; }
    double value() const { return known() ? sum / weight : 0; }
  };
  LiquiditySlippageRule rule_;
  double minutes_, keep_;
  Mean square_, spread_, traded_;
  double close_ = nan_value, middle_ = nan_value;  // logs, of the last bar
};

// Minutes of a bar: the usual step between them.
double bar_minutes(std::span<const TimestampMs> timestamps_ms);

// [bars] the rate of a fill in each of the panel's bars that are named, rising, as if there were no others.
std::vector<double> liquidity_slippage_rates(const market::Panel& panel, std::size_t symbol,
                                             std::span<const std::size_t> bars, double order_value,
                                             const LiquiditySlippageRule& rule = {});

}  // namespace regent::strategies
