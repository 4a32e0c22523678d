#include "hmm/commands/series_input.hpp"

#include <algorithm>
#include <optional>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "market/io/layout.hpp"

namespace regent::hmm {
namespace {

using market::SeriesColumn;
using market::SeriesTable;

std::vector<std::string> names_of(const SeriesTable& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 12); ++i) {
    text += (i == 0 ? "" : ", ") + names[i].substr(0, 40);
  }
  return names.size() > 12 ? text + ", … (" + std::to_string(names.size()) + " in all)" : text;
}

const SeriesColumn& require_column(const SeriesTable& table, const std::string& name) {
  const SeriesColumn* column = table.find(name);
  if (column != nullptr) return *column;
  const auto names = names_of(table);
  throw InputError(table.file + ": no column \"" + name + "\", which is a feature of the model" +
                   suggestion(name, names) + "; the columns are " + listed(names));
}

// Rows of one symbol each, by first appearance.
std::vector<NamedSeries> rows_by_symbol(const SeriesTable& table) {
  const SeriesColumn* symbols = table.symbol_column();
  std::vector<NamedSeries> series;
  std::map<std::string, std::size_t> number;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const std::string symbol = symbols == nullptr ? "" : market::cell_text_of(*symbols, row);
    if (symbols != nullptr && symbol.empty()) {
      throw InputError(table.file + ", " + table.row_name(row) + ", column " + symbols->name +
                       ": a symbol is needed in every row");
    }
    const auto [found, is_new] = number.emplace(symbol, series.size());
    if (is_new) series.push_back({symbol, {}, {}});
    series[found->second].rows.push_back(row);
  }
  return series;
}

// Times of the column, or nothing where no cell is one (a row number, say). Throws InputError where some are.
std::optional<std::vector<TimestampMs>> times_or_none(const SeriesTable& table, const SeriesColumn& column) {
  std::vector<std::optional<TimestampMs>> read;
  for (std::size_t row = 0; row < table.rows; ++row) read.push_back(market::time_of_cell(column, row));
  const auto known = std::ranges::find_if(read, [](const auto& time) { return time.has_value(); });
  if (known == read.end()) return std::nullopt;
  std::vector<TimestampMs> times;
  for (std::size_t row = 0; row < table.rows; ++row) {
    if (!read[row]) {
      throw InputError(table.file + ", " + table.row_name(row) + ", column " + column.name + ": \"" +
                       market::cell_text_of(column, row).substr(0, 80) + "\" is no time, as \"" +
                       market::cell_text_of(column, static_cast<std::size_t>(known - read.begin())) +
                       "\" is");
    }
    times.push_back(*read[row]);
  }
  return times;
}

// A date beside a time of day may stand in several rows.
bool is_only_time(const SeriesTable& table) {
  return std::ranges::count_if(table.columns, [](const SeriesColumn& column) {
           return column.is_timestamp || market::is_time_name(column.name);
         }) == 1;
}

void check_order(const SeriesTable& table, const std::vector<NamedSeries>& series) {
  const SeriesColumn* column = table.time_column();
  if (column == nullptr) return;
  const auto times = times_or_none(table, *column);
  if (!times) return;
  const bool strictly = is_only_time(table);
  for (const auto& one : series) {
    for (std::size_t i = 1; i < one.rows.size(); ++i) {
      const TimestampMs now = (*times)[one.rows[i]], before = (*times)[one.rows[i - 1]];
      if (now > before || (now == before && !strictly)) continue;
      throw InputError(table.file + ", " + table.row_name(one.rows[i]) + ", column " + column->name + ": " +
                       format_timestamp(now) +
                       (now == before ? " stands twice" : " comes after " + format_timestamp(before)) +
                       (one.symbol.empty() ? "" : " of " + one.symbol) +
                       "; rows must be sorted by time, each time once, or a symbol column (symbol, ticker, "
                       "instrument, pair) is missing");
    }
  }
}

void fill(SeriesInput& input, bool minus_infinity) {
  const std::size_t columns = input.columns.size();
  for (auto& one : input.series) one.values.resize(one.rows.size() * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const auto numbers = market::numbers_of(input.table, *input.table.find(input.columns[c]), minus_infinity);
    for (auto& one : input.series) {
      for (std::size_t i = 0; i < one.rows.size(); ++i) one.values[i * columns + c] = numbers[one.rows[i]];
    }
  }
}

void carry_the_rest(SeriesInput& input) {
  for (const auto& column : input.table.columns) {
    if (std::ranges::find(input.columns, column.name) == input.columns.end()) input.carried.push_back(column);
  }
}

void check_table_rows(const SeriesInput& input) {
  const std::size_t columns = input.columns.size();
  for (const auto& one : input.series) {
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
      const auto row = std::span(one.values).subspan(i * columns, columns);
      const auto missing = std::ranges::count_if(row, [](double value) { return value != value; });
      if (missing == 0 || missing == std::ssize(row)) continue;
      throw InputError(input.table.file + ", " + input.table.row_name(one.rows[i]) + ": " +
                       std::to_string(missing) + " of " + std::to_string(columns) +
                       " emission log-likelihoods are missing; of a missing bar all are");
    }
  }
}

}  // namespace

SeriesBatch SeriesInput::batch() const {
  SeriesBatch batch;
  batch.kind = kind;
  for (const auto& one : series) {
    batch.series.emplace_back(one.values);
    batch.names.push_back(one.symbol.empty() ? table.file : table.file + ", symbol " + one.symbol);
  }
  return batch;
}

std::optional<std::vector<TimestampMs>> SeriesInput::times() const {
  for (const auto& column : carried) {
    if (!column.is_timestamp && !market::is_time_name(column.name)) continue;
    if (auto times = market::times_of(column)) return times;
  }
  return std::nullopt;
}

SeriesInput read_features(const std::string& file, const std::vector<std::string>& features) {
  SeriesInput input;
  input.table = market::read_series(file);
  for (const auto& name : features) require_column(input.table, name);
  input.columns = features;
  input.series = rows_by_symbol(input.table);
  check_order(input.table, input.series);
  fill(input, false);
  carry_the_rest(input);
  return input;
}

SeriesInput read_emissions(const std::string& file, const std::vector<std::string>& labels) {
  SeriesInput input;
  input.kind = SeriesBatch::Kind::emission_table;
  input.table = market::read_series(file, true);
  const SeriesColumn* symbols = input.table.symbol_column();
  for (const auto& column : input.table.columns) {
    if (&column != symbols && &column != input.table.time_column()) input.columns.push_back(column.name);
  }
  if (input.columns.size() != labels.size()) {
    throw InputError(file + ": " + std::to_string(input.columns.size()) +
                     " columns of emission log-likelihoods (" + listed(input.columns) +
                     "), and the model has " + std::to_string(labels.size()) +
                     " states; one column each is needed, in their order");
  }
  if (std::ranges::is_permutation(input.columns, labels)) input.columns = labels;
  input.series = rows_by_symbol(input.table);
  check_order(input.table, input.series);
  fill(input, true);
  check_table_rows(input);
  carry_the_rest(input);
  return input;
}

}  // namespace regent::hmm
