#include "strategies/commands/weights_file.hpp"

#include <algorithm>
#include <cmath>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "market/io/series_file.hpp"

namespace regent::strategies {
namespace {

constexpr const char* regime_name = "regime";

std::string at(const market::SeriesTable& table, std::size_t row) {
  return table.file + ", " + table.row_name(row);
}

std::vector<TimestampMs> decision_times(const market::SeriesTable& table, const market::Panel& panel) {
  const market::SeriesColumn* column = table.time_column();
  if (column == nullptr)
    throw InputError(table.file + ": weights need a column of times, named timestamp or date");
  std::vector<TimestampMs> times;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const auto time = market::time_of_cell(*column, row);
    const std::string cell = "column " + column->name + ": '" + market::cell_text_of(*column, row) + "'";
    if (!time) throw InputError(at(table, row) + ", " + cell + " is no time");
    if (!times.empty() && *time <= times.back())
      throw InputError(at(table, row) + ", " + cell + " is not later than the row before");
    if (!std::ranges::binary_search(panel.timestamps_ms, *time))
      throw InputError(at(table, row) + ", " + cell +
                       " is no bar of the data: a row holds the weights decided after the bar of its time");
    times.push_back(*time);
  }
  return times;
}

void check_columns(const market::SeriesTable& table, const market::Panel& panel) {
  for (const market::SeriesColumn& column : table.columns) {
    if (&column == table.time_column() || column.name == regime_name) continue;
    if (std::ranges::find(panel.symbols, column.name) == panel.symbols.end())
      throw InputError(table.file + ": column '" + column.name + "' is no symbol of the data" +
                       suggestion(column.name, panel.symbols));
  }
}

}  // namespace

WeightsOverTime read_weights(const std::string& file, const market::Panel& panel) {
  const market::SeriesTable table = market::read_series(file);
  if (table.rows == 0) throw InputError(file + ": no row of weights");
  WeightsOverTime result;
  result.timestamps_ms = decision_times(table, panel);
  check_columns(table, panel);
  const std::size_t symbols = panel.symbol_count();
  result.weights.resize(table.rows * symbols);
  for (std::size_t i = 0; i < symbols; ++i) {
    const market::SeriesColumn* column = table.find(panel.symbols[i]);
    if (column == nullptr)
      throw InputError(
          file + ": no column for " + panel.symbols[i] +
          "; a symbol that is not held has the weight 0, or is left out of the data with --symbols");
    const std::vector<double> values = market::numbers_of(table, *column);
    for (std::size_t row = 0; row < table.rows; ++row) {
      if (!std::isfinite(values[row]))
        throw InputError(at(table, row) + ", column " + column->name +
                         ": a weight is missing; write 0 for none");
      result.weights[row * symbols + i] = values[row];
    }
  }
  const market::SeriesColumn* regime = table.find(regime_name);
  for (std::size_t row = 0; regime != nullptr && row < table.rows; ++row)
    result.regimes.push_back(market::cell_text_of(*regime, row));
  return result;
}

}  // namespace regent::strategies
