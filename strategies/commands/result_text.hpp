#pragma once
// Metrics as tables and JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/table.hpp"
#include "strategies/metrics.hpp"

namespace regent::strategies {

// null for NaN, "inf" and "-inf" as texts.
nlohmann::ordered_json json_number(double value);
std::string digits(double value, int count);  // "–" for NaN

struct NamedMetric {
  const char* name;
  double Metrics::*value;
};
// In the order of tables and files.
const std::vector<NamedMetric>& named_metrics();
nlohmann::ordered_json metrics_json(const Metrics& metrics);

}  // namespace regent::strategies
