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

// Adds the columns of metrics that the terminal shows, aligned to the right.
void add_metric_header(Table& table);
void add_metric_cells(const Metrics& metrics, std::vector<Table::Cell>& row);

}  // namespace regent::strategies
