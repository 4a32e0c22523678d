#pragma once
// Regimes as tables and JSON: what fit, describe and plot say of a model.

#include <nlohmann/json.hpp>
#include <span>
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

// What bars were like in each regime, on the data themselves: bars and their smoothed posteriors are added
// one series after the other, and put() writes share, means and deviations into a report. A heavy-tailed
// law's own deviation says little of the bars that one has seen.
class Measured {
 public:
  explicit Measured(const Model& model);
  void add(const Model& model, std::span<const double> observations, std::span<const double> smoothed);
  void put(RegimeReport& report) const;

 private:
  struct Moments {
    double weight = 0, mean = 0, squares = 0;
    void add(double value, double weight_of_value);
  };
  std::size_t features_;
  std::vector<double> bars_;      // [regimes]
  std::vector<Moments> moments_;  // [regimes, D]
};

// "3.4 bars", "12 days", "9 hours" where the step is known.
std::string duration_text(double bars, double periods_per_year);
// Regimes with share, duration, drift and volatility, then the transitions.
std::string report_text(const RegimeReport& report);
nlohmann::ordered_json report_json(const RegimeReport& report);

}  // namespace regent::hmm
