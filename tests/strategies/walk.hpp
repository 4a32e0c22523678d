#pragma once
// A random walk as a tradable series; everything follows from the seed.

#include <cmath>
#include <random>

#include "strategies/tradable.hpp"

namespace regent::strategies::test {

inline TradableSeries walk(std::size_t bars, unsigned seed, double volatility = 0.01) {
  TradableSeries series;
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  double price = 100;
  for (std::size_t t = 0; t < bars; ++t) {
    // volatility and drift change from stretch to stretch, so that every rule finds something
    const double scale = volatility * (t / 150 % 3 == 0 ? 2 : 1), drift = t / 200 % 2 == 0 ? 0.1 : -0.1;
    series.open.push_back(price * std::exp(0.2 * scale * normal(random)));
    series.close.push_back(series.open.back() * std::exp(scale * (drift + normal(random))));
    const double top = std::max(series.open.back(), series.close.back());
    const double bottom = std::min(series.open.back(), series.close.back());
    series.high.push_back(top * std::exp(0.3 * scale * std::abs(normal(random))));
    series.low.push_back(bottom * std::exp(-0.3 * scale * std::abs(normal(random))));
    series.volume.push_back(1000 * std::exp(0.5 * normal(random)));
    series.timestamps_ms.push_back(static_cast<TimestampMs>(t) * 3'600'000);
    price = series.close.back();
  }
  series.symbol = "WALK";
  series.has_opens = true;
  series.periods_per_year = 8766;
  return series;
}

}  // namespace regent::strategies::test
