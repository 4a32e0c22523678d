#pragma once
// Regimes as tables and JSON: what fit, describe and plot say of a model.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hmm/summary.hpp"

namespace regent::hmm {

struct RegimeReport {
  std::string symbol;  // "" for the only one
  Model model;
  std::vector<RegimeSummary> regimes;
  bool measured = false;        // shares are of the data's bars, not the model's long run
  double periods_per_year = 0;  // NaN: unknown
};

// state_weights empty: the model's long run.
RegimeReport report_of(const std::string& symbol, const Model& model,
                       const std::vector<double>& state_weights, double periods_per_year);

// "3.4 bars", "12 days", "9 hours" where the step is known.
std::string duration_text(double bars, double periods_per_year);
// Regimes with share, duration, drift and volatility, then the transitions.
std::string report_text(const RegimeReport& report);
nlohmann::ordered_json report_json(const RegimeReport& report);

}  // namespace regent::hmm
