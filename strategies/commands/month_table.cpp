#include "strategies/commands/month_table.hpp"

#include <map>
#include <vector>

#include "base/table.hpp"

namespace regent::strategies {
namespace {

// Year and month of a time, 12·year + month − 1.
int month_of(TimestampMs time) {
  const std::string text = format_timestamp(time);  // 2020-03-…
  return 12 * std::stoi(text.substr(0, 4)) + std::stoi(text.substr(5, 2)) - 1;
}

std::map<int, double> monthly_returns(std::span<const TimestampMs> times, std::span<const double> returns) {
  std::map<int, double> growth;
  for (std::size_t t = 0; t < returns.size(); ++t)
    growth.emplace(month_of(times[t]), 1.0).first->second *= 1 + returns[t];
  for (auto& [month, value] : growth) value -= 1;
  return growth;
}

}  // namespace

std::string month_table(std::span<const TimestampMs> times, std::span<const double> returns) {
  const auto months = monthly_returns(times, returns);
  Table table;
  table.header = {"year", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                  "Jul",  "Aug", "Sep", "Oct", "Nov", "Dec", "all"};
  table.right.assign(14, true);
  for (int year = months.begin()->first / 12; year <= months.rbegin()->first / 12; ++year) {
    std::vector<Table::Cell> row{{std::to_string(year)}};
    double all = 1;
    for (int month = 0; month < 12; ++month) {
      const auto at = months.find(12 * year + month);
      if (at != months.end()) all *= 1 + at->second;
      row.push_back(at == months.end()
                        ? Table::Cell{""}
                        : Table::Cell{percent(at->second), at->second < 0 ? Colour::red : Colour::green});
    }
    row.push_back({percent(all - 1), Colour::bold});
    table.rows.push_back(std::move(row));
  }
  return table.text();
}

}  // namespace regent::strategies
