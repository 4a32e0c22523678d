#include "strategies/liquidity_slippage.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

constexpr double bps = 1e-4;

// NaN where there is no price.
double log_of(double price) {
  return price > 0 ? std::log(price) : nan_value;
}

// The spread that two bars one after the other show.
double two_bar_spread(double close, double middle, double next_middle) {
  return std::sqrt(std::max(0.0, 4 * (close - middle) * (close - next_middle)));
}

}  // namespace

LiquidityBar liquidity_bar(const market::Panel& panel, std::size_t bar, std::size_t symbol) {
  const auto value = [&](market::Column column) {
    return panel.has(column) ? panel.at(column, bar, symbol) : nan_value;
  };
  return {value(market::Column::high), value(market::Column::low), value(market::Column::close),
          value(market::Column::volume)};
}

LiquiditySlippage::LiquiditySlippage(double bar_minutes, const LiquiditySlippageRule& rule)
    : rule_(rule), minutes_(bar_minutes), keep_(std::exp2(-1 / rule.half_life_bars)) {
  REGENT_INVARIANT(bar_minutes > 0, "a bar without a length");
}

void LiquiditySlippage::add(const LiquidityBar& bar) {
  const double close = log_of(bar.close), middle = (log_of(bar.high) + log_of(bar.low)) / 2;
  if (std::isnan(close)) return;
  if (!std::isnan(close_)) square_.add((close - close_) * (close - close_), keep_);
  if (!std::isnan(middle_) && !std::isnan(middle))
    spread_.add(two_bar_spread(close_, middle_, middle), keep_);
  if (bar.volume >= 0) traded_.add(bar.close * bar.volume, keep_);
  close_ = close;
  middle_ = middle;
}

double LiquiditySlippage::rate(double order_value) const {
  if (!square_.known()) return rule_.most_bps * bps;
  const double to_minute = 1 / std::sqrt(minutes_);
  const double volatility_bps = std::sqrt(square_.value()) * to_minute / bps;
  const double spread_bps = spread_.value() * to_minute / bps;
  const double minutes_of_volume =
      traded_.known() && order_value > 0 ? order_value / (traded_.value() / minutes_) : 0;
  const double slippage_bps = rule_.base_bps + rule_.volatility_weight * volatility_bps +
                              rule_.spread_weight * spread_bps +
                              rule_.depth_bps_per_minute * minutes_of_volume;
  return std::clamp(slippage_bps, rule_.least_bps, rule_.most_bps) * bps;
}

double bar_minutes(std::span<const TimestampMs> timestamps_ms) {
  constexpr double minute_ms = 60'000;
  return static_cast<double>(market::usual_step(timestamps_ms)) / minute_ms;
}

std::vector<double> liquidity_slippage_rates(const market::Panel& panel, std::size_t symbol,
                                             std::span<const std::size_t> bars, double order_value,
                                             const LiquiditySlippageRule& rule) {
  std::vector<TimestampMs> times;
  for (const std::size_t t : bars) times.push_back(panel.timestamps_ms[t]);
  LiquiditySlippage slippage(bar_minutes(times), rule);
  std::vector<double> rates;
  for (const std::size_t t : bars) {
    rates.push_back(slippage.rate(order_value));
    slippage.add(liquidity_bar(panel, t, symbol));
  }
  return rates;
}

}  // namespace regent::strategies
