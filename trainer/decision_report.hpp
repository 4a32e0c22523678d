#pragma once
// One decision with its reasons, for people and for programs.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/decider.hpp"

namespace regent::trainer {

struct DecisionReport {
  const models::BundleManifest& manifest;
  const std::vector<std::string>& macro_labels;
  const models::Decision& decision;
  const models::Explanation& explanation;
  std::vector<double> closes;  // [symbols] of the decided bar
  double position_max = 0, gross_max = 0;
  std::string note;  // why the decision should be taken with care; empty: none
};

struct Reason {
  std::string input;
  double value = 0;         // normalised, in standard deviations for features
  double contribution = 0;  // gradient of the conviction × value
};

// The `count` inputs of `symbol` with the largest |contribution|, and those features with the largest
// |value|.
std::vector<Reason> top_contributions(const models::Explanation& explanation, std::size_t symbol,
                                      std::size_t count);
std::vector<Reason> top_values(const models::Explanation& explanation, std::size_t features,
                               std::size_t symbol, std::size_t count);

std::string to_text(const DecisionReport& report);
nlohmann::json to_json(const DecisionReport& report);

}  // namespace regent::trainer
