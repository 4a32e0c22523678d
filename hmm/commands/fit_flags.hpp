#pragma once
// The flags that say what is fitted and how; what is not said comes from the configuration (hmm.…).

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "hmm/commands/series_source.hpp"
#include "hmm/fit.hpp"

namespace regent::hmm {

struct FitFlags {
  SourceFlags source;
  std::string features, device = "auto";
  bool panel = false, pooled = false;
  int states = 0, macros = 0, micros = 0, restarts = 0;
  std::int64_t seed = -1;
};

void add_fit_flags(CLI::App& command, FitFlags& flags);

// Throws InputError where flags contradict each other.
FitSettings fit_settings(const FitFlags& flags);
// Named, or by default: log_return and realised_volatility_21 per symbol; market_return, market_volatility_5,
// market_volatility_21 of the panel; every column of numbers of a table.
SeriesInput read_fit_series(const FitFlags& flags);

std::vector<std::string> split_names(const std::string& list);

}  // namespace regent::hmm
