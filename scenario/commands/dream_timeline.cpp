#include "scenario/commands/dream_timeline.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "market/io/series_file.hpp"

namespace regent::scenario {
namespace {

using market::SeriesColumn;

constexpr const char* column_names[] = {
    "time",        "scenario",    "robust",           "robust_low",
    "robust_high", "profit_mean", "value_at_risk_99", "expected_shortfall_99",
    "drawdown_95", "ruined",      "regime",           "regime_probability"};
constexpr std::size_t columns_count = std::size(column_names);

using Row = std::vector<std::string>;  // [columns_count]

std::string text_of(double value) {
  return market::cell_text_of({.name = "", .reals = {value}}, 0);
}

std::vector<Row> rows_of(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return {};
  const market::SeriesTable table = market::read_series(file.string());
  const bool known = std::ranges::equal(
      table.columns, column_names, [](const SeriesColumn& c, const char* name) { return c.name == name; });
  if (!known)
    throw InputError(file.string() + " is no timeline of dreams: its columns are others; move it away");
  std::vector<Row> rows(table.rows);
  for (std::size_t r = 0; r < table.rows; ++r) {
    for (const SeriesColumn& column : table.columns) rows[r].push_back(market::cell_text_of(column, r));
  }
  return rows;
}

// The regime in which the data end, most probably, and how probable it is; empty where the source has none.
std::pair<std::string, std::string> regime_now(const DreamSetup& setup) {
  if (!setup.calibration) return {};
  const std::vector<double>& now = setup.calibration->now;
  const auto most = std::ranges::max_element(now) - now.begin();
  return {setup.labels[static_cast<std::size_t>(most)], text_of(now[static_cast<std::size_t>(most)])};
}

Row row_of(const std::string& time, const StressSummary& s, const DreamSetup& setup) {
  const auto [regime, probability] = regime_now(setup);
  return {time,
          s.name,
          text_of(s.robust.share),
          text_of(s.robust.low),
          text_of(s.robust.high),
          text_of(s.mean),
          text_of(s.risk99.value_at_risk),
          text_of(s.risk99.expected_shortfall),
          text_of(s.drawdown_95),
          text_of(s.ruined.share),
          regime,
          probability};
}

}  // namespace

bool in_timeline(const std::filesystem::path& file, TimestampMs until) {
  const std::string time = format_timestamp(until);
  return std::ranges::any_of(rows_of(file), [&](const Row& row) { return row[0] == time; });
}

void add_to_timeline(const std::filesystem::path& file, TimestampMs until, const DreamSetup& setup,
                     const DreamSummary& summary) {
  const std::string time = format_timestamp(until);
  std::vector<Row> rows = rows_of(file);
  std::erase_if(rows, [&](const Row& row) { return row[0] == time; });
  for (const StressSummary& stress : summary.stresses) rows.push_back(row_of(time, stress, setup));
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return parse_timestamp(row[0]); });
  std::vector<SeriesColumn> columns(columns_count);
  for (std::size_t c = 0; c < columns_count; ++c) {
    columns[c].name = column_names[c];
    for (const Row& row : rows) columns[c].texts.push_back(row[c]);
  }
  market::write_series_file(columns, file);
}

}  // namespace regent::scenario
