#pragma once
// An allocation and a walk forward as people and programs read them.

#include <nlohmann/json.hpp>
#include <string>

#include "allocation/score.hpp"
#include "allocation/walk_forward.hpp"
#include "covariance/commands/portfolio.hpp"
#include "market/io/panel_file.hpp"

namespace regent::allocation {

struct Report {
  const market::Panel& panel;
  const std::vector<Candidate>& candidates;
  const WalkForward& walk;
  const std::vector<double>& convictions;          // [symbols] of the last decision
  std::vector<Score> scores;                       // [candidates]; empty without --walk-forward
  std::optional<covariance::Portfolio> portfolio;  // risk of the last weights; none when nothing is held
  covariance::Table returns;                       // simple returns behind its past tails
  covariance::Estimate covariance;                 // per bar, of the symbols held
  covariance::Table held;                          // their names and rows
};

nlohmann::ordered_json report_json(const Report& report);
std::string report_text(const Report& report);

// The last weights and what they risk in Prometheus' text format.
std::string metrics_text(const Report& report);

// A row per decision of the first candidate: timestamp, a column per symbol, and regime where one is known:
// what `regent backtest --weights` reads.
std::vector<market::SeriesColumn> weight_columns(const Report& report);
// A row per period: timestamp, and the returns of every candidate.
std::vector<market::SeriesColumn> return_columns(const Report& report);

}  // namespace regent::allocation
