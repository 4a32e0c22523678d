#pragma once
// Markets made from seeds, for tests and examples: never for results.

#include <cstdint>

#include "market/panel.hpp"

namespace regent::market {

struct SyntheticMarket {
  std::size_t symbols = 8;
  std::size_t bars = 2000;
  std::uint64_t seed = 1;
  bool ohlcv = true;                    // false: closes only
  TimestampMs start_ms = 946684800000;  // 2000-01-01; bars are daily, weekends skipped
  // Regime chain calm / trend / chaos with their drifts and volatilities, shared by all symbols, which then
  // also have 0.3 of their variance in common.
  bool regimes = true;
  // Strength of a predictive volume signal: log volume is (base + signal v_t), v_t an AR(1) with persistence
  // `signal_persistence` and unit variance per symbol; the return from the open of bar t+1 to the open of bar
  // t+2 gets signal_strength * daily volatility * v_t added. 0: none. Shuffling the volume column kills the
  // signal and nothing else.
  // The noise leans against the signal's innovations so that past prices do not show the signal (exact while
  // signal_strength · persistence / √(1 - persistence²) is below the regime's volatility in daily
  // volatilities).
  double signal_strength = 0;
  double signal_persistence = 0.9;
  double daily_volatility = 0.01;
};

struct SyntheticResult {
  Panel panel;
  std::vector<int> regime;     // [bars], the true regime, 0 calm, 1 trend, 2 chaos
  std::vector<double> signal;  // [bars, symbols], v_t; empty without a signal
};

SyntheticResult make_synthetic_market(const SyntheticMarket& settings);

// The same panel with the volume column permuted over time, per symbol, by `seed`.
Panel with_shuffled_volume(const Panel& panel, std::uint64_t seed);

}  // namespace regent::market
