#pragma once
// What a person asks of a dream.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "market/io/data_input.hpp"

namespace regent::scenario {

struct DreamFlags {
  market::DataFlags bars;  // with --json, --config, --set, --log-level
  std::vector<std::string> data;
  std::string bundle, calibration, source = "regimes", stresses, portfolio = "equal", start = "stationary";
  std::string budget, out, device = "auto", stress = "baseline";
  std::int64_t scenarios = 1000, steps = 252, seed = 1, path = -1, chunk = 0;
  int macros = 3, micros = 3, factors = 20, rebalance = 1;
  double block = 0, jump_threshold = 4;
  double fee = 0.00075, slippage = 0.0005, impact = 0, ruin = 0.5;
  double volatility_target = 0, trend = 0, exposure_max = 1;
  bool paths = false, no_plots = false;
};

void add_dream_flags(CLI::App& app, DreamFlags& flags);

// "90s", "30m", "8h", "45" (seconds); 0 for "". Throws InputError.
double seconds_of(const std::string& budget);

}  // namespace regent::scenario
