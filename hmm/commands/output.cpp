#include "hmm/commands/output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace regent::hmm {

nlohmann::ordered_json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

std::string digits(double value, int count) {
  if (std::isnan(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", count, value);
  return text;
}

std::vector<market::SeriesColumn> carried_and(const std::vector<market::SeriesColumn>& carried,
                                              std::vector<market::SeriesColumn> fresh) {
  std::vector<market::SeriesColumn> columns;
  for (const auto& column : carried) {
    if (std::ranges::find(fresh, column.name, &market::SeriesColumn::name) == fresh.end()) {
      columns.push_back(column);
    }
  }
  std::ranges::move(fresh, std::back_inserter(columns));
  return columns;
}

void check_table_name(const std::string& out) {
  if (out.empty() || out.ends_with(".csv") || out.ends_with(".parquet")) return;
  throw InputError("--out " + out + ": the name must end in .csv or .parquet");
}

}  // namespace regent::hmm
