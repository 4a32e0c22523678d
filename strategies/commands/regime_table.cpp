#include "strategies/commands/regime_table.hpp"

#include "base/table.hpp"
#include "strategies/commands/result_text.hpp"

namespace regent::strategies {

std::string regime_table(const std::string& title, const TimePlan& plan, std::span<const Metrics> by_regime) {
  if (plan.regimes.empty()) return "";
  Table table;
  table.header = {title, "bars"};
  table.right = {false, true};
  add_metric_header(table);
  for (std::size_t r = 0; r < plan.regimes.size(); ++r) {
    table.rows.push_back({{plan.regimes[r]}, {grouped(static_cast<std::size_t>(plan.bucket_bars[r]))}});
    add_metric_cells(by_regime[r], table.rows.back());
  }
  return table.text();
}

nlohmann::ordered_json regimes_json(const TimePlan& plan, std::span<const Metrics> by_regime) {
  auto json = nlohmann::ordered_json::array();
  for (std::size_t r = 0; r < plan.regimes.size(); ++r) {
    json.push_back({{"label", plan.regimes[r]}, {"bars", plan.bucket_bars[r]}});
    json.back().update(metrics_json(by_regime[r]));
  }
  return json;
}

}  // namespace regent::strategies
