#pragma once
// The liquidity slippage as a person would write it down: every mean over the whole past, with every weight
// written out, in basis points. Shares no code with strategies/liquidity_slippage.

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "market/panel.hpp"

namespace regent::strategies {

// Hourly bars of a random walk, one symbol, all five columns.
inline market::Panel random_panel(std::size_t bars, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  market::Panel panel;
  panel.symbols = {"A"};
  double close = 100;
  for (std::size_t t = 0; t < bars; ++t) {
    const double open = close;
    close = open * std::exp(0.002 * normal(random));
    panel.timestamps_ms.push_back(static_cast<TimestampMs>(t) * 3'600'000);
    panel.columns[0].push_back(open);
    panel.columns[1].push_back(std::max(open, close) * std::exp(0.001 * std::abs(normal(random))));
    panel.columns[2].push_back(std::min(open, close) * std::exp(-0.001 * std::abs(normal(random))));
    panel.columns[3].push_back(close);
    panel.columns[4].push_back(3000 * std::exp(0.5 * normal(random)));
  }
  return panel;
}

// Of a fill in bar t, of the panel's first symbol. NaN in a column: that value is missing.
inline double reference_slippage_bps(const market::Panel& panel, std::size_t t, double minutes,
                                     double order) {
  const auto& high = panel.columns[1];
  const auto& low = panel.columns[2];
  const auto& close = panel.columns[3];
  const auto& volume = panel.columns[4];
  if (t < 2) return 8;
  double squares = 0, square_weights = 0, spreads = 0, spread_weights = 0, values = 0, value_weights = 0;
  // ages count what a term has seen, newest first
  int square_age = 0, spread_age = 0, value_age = 0;
  for (std::size_t i = t; i-- > 0;) {
    if (i > 0) {
      const double weight = std::pow(0.5, square_age++ / 20.0), r = std::log(close[i] / close[i - 1]);
      squares += weight * r * r;
      square_weights += weight;
    }
    if (i > 0 && !high.empty() && !std::isnan(high[i]) && !std::isnan(high[i - 1])) {
      const double weight = std::pow(0.5, spread_age++ / 20.0);
      const double middle_before = std::log(std::sqrt(high[i - 1] * low[i - 1]));
      const double middle = std::log(std::sqrt(high[i] * low[i]));
      const double c = std::log(close[i - 1]), product = (c - middle_before) * (c - middle);
      spreads += product > 0 ? weight * 2 * std::sqrt(product) : 0;
      spread_weights += weight;
    }
    if (!volume.empty() && !std::isnan(volume[i])) {
      const double weight = std::pow(0.5, value_age++ / 20.0);
      values += weight * close[i] * volume[i];
      value_weights += weight;
    }
  }
  const double volatility = 1e4 * std::sqrt(squares / square_weights / minutes);
  const double spread = spread_weights > 0 ? 1e4 * spreads / spread_weights / std::sqrt(minutes) : 0;
  const double eaten = value_weights > 0 ? order * minutes / (values / value_weights) : 0;
  return std::clamp(0.5 + 0.35 * volatility + 0.5 * spread + 0.1 * eaten, 0.05, 8.0);
}

}  // namespace regent::strategies
