#pragma once
// What a person asks of a dream.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "market/io/data_input.hpp"

namespace regent::scenario {

struct DreamFlags {
  market::DataFlags bars;  // with --json, --config, --set, --log-level
  std::vector<std::string> data;
  std::string bundle, calibration, source = "regimes", stresses, portfolio = "equal", start = "stationary";
  std::string budget, every, out, device = "auto";
  std::optional<std::string> stress;  // that path is under
  std::int64_t scenarios = 1000, steps = 252, seed = 1;
  std::optional<std::int64_t> path, chunk, cycles;
  std::optional<int> macros, micros, factors;  // of a fit, as is the next
  std::optional<double> jump_threshold;
  int rebalance = 1;
  double block = 0;
  double fee = 0.00075, slippage = 0.0005, impact = 0, ruin = 0.5, drawdown_limit = 0.25;
  double volatility_target = 0, trend = 0, exposure_max = 1;
  bool paths = false, no_plots = false;
};

void add_dream_flags(CLI::App& app, DreamFlags& flags);

// Not for programs, nor for hours.
inline bool shows_progress(const DreamFlags& flags) {
  return !flags.bars.json && flags.every.empty();
}

// Flags of a fit that were given, by name.
std::map<std::string, double> fit_flags_of(const DreamFlags& flags);

// "90s", "30m", "8h", "45" (seconds); 0 for "". Throws InputError that names the flag.
double seconds_of(const std::string& flag, const std::string& duration);

}  // namespace regent::scenario
