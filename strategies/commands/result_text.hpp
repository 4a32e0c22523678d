#pragma once
// Metrics as tables and JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/table.hpp"
#include "market/io/output.hpp"
#include "strategies/metrics.hpp"

namespace regent::strategies {

using market::digits;
using market::json_number;

struct NamedMetric {
  const char* name;
  double Metrics::*value;
};
// In the order of tables and files.
const std::vector<NamedMetric>& named_metrics();
nlohmann::ordered_json metrics_json(const Metrics& metrics);

}  // namespace regent::strategies
