#include "covariance/commands/input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/command_line.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "market/io/layout.hpp"
#include "market/io/series_file.hpp"
#include "market/performance.hpp"

namespace regent::covariance {
namespace {

constexpr std::size_t names_listed = 8;

Returns returns_of(const std::string& name) {
  if (name == "log") return Returns::log;
  if (name == "simple") return Returns::simple;
  if (name == "none") return Returns::none;
  const std::vector<std::string> known{"log", "simple", "none"};
  throw InputError("--returns " + name + " is unknown" + suggestion(name, known) +
                   "; use log, simple or none");
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_listed); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > names_listed ? text + " and " + std::to_string(names.size() - names_listed) + " more"
                                     : text;
}

std::vector<double> returns_of(const market::Panel& panel, Returns kind) {
  const std::size_t symbols = panel.symbol_count();
  std::vector<double> values;
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    for (std::size_t s = 0; s < symbols; ++s) {
      const double ratio =
          panel.at(market::Column::close, bar, s) / panel.at(market::Column::close, bar - 1, s);
      values.push_back(kind == Returns::log ? std::log(ratio) : ratio - 1);
    }
  }
  return values;
}

Table from_bars(const SourceFlags& flags, Returns kind) {
  const market::Panel panel = market::read_input(flags.bars);
  Table table;
  table.file = flags.bars.files.empty() ? "data.files" : flags.bars.files.front();
  if (panel.bars() < 3) {
    throw InputError(table.file + ": " + std::to_string(panel.bars()) + " bars give " +
                     std::to_string(panel.bars() - 1) + " returns; a covariance needs at least 2");
  }
  table.names = panel.symbols;
  table.times.assign(panel.timestamps_ms.begin() + 1, panel.timestamps_ms.end());
  table.values = returns_of(panel, kind);
  table.rows = panel.bars() - 1;
  table.periods_per_year = market::periods_per_year(panel.timestamps_ms);
  return table;
}

void refuse_bar_flags(const market::DataFlags& bars) {
  if (!bars.from.empty() || !bars.to.empty() || bars.adjusted || !bars.timeframe.empty()) {
    throw InputError(
        "--from, --to, --timeframe and --adjusted are for bars, not for a table (--returns none)");
  }
  if (bars.files.size() != 1) {
    throw InputError(std::to_string(bars.files.size()) + " files with --returns none; name one table");
  }
}

// Once each, as --symbols takes those of bars.
std::vector<std::string> chosen_columns(const std::string& list) {
  std::vector<std::string> names;
  for (std::string& name : split_names(list)) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  if (names.empty() && !list.empty()) throw InputError("--symbols \"" + list + "\" names no column");
  return names;
}

std::vector<TimestampMs> times_of(const market::SeriesTable& series) {
  const market::SeriesColumn* column = series.time_column();
  if (column == nullptr) return {};
  auto times = market::times_of(*column).value_or(std::vector<TimestampMs>{});
  for (std::size_t row = 1; row < times.size(); ++row) {
    if (times[row] > times[row - 1]) continue;
    throw InputError(series.file + ", " + series.row_name(row) + ", column " + column->name + ": " +
                     market::cell_text_of(*column, row) + " is not later than the row before, " +
                     market::cell_text_of(*column, row - 1) + "; sort the rows by time, each once");
  }
  return times;
}

Table from_table(const SourceFlags& flags) {
  refuse_bar_flags(flags.bars);
  const market::SeriesTable series = market::read_series(flags.bars.files.front(), true);
  Table table;
  table.file = series.file;
  if (series.symbol_column() != nullptr) {
    throw InputError(series.file + ": column " + series.symbol_column()->name +
                     " makes it a long table; --returns none takes one column per asset");
  }
  table.names = chosen_columns(flags.bars.symbols);
  for (const auto& column : series.columns) {
    if (flags.bars.symbols.empty() && &column != series.time_column()) table.names.push_back(column.name);
  }
  table.rows = series.rows;
  table.times = times_of(series);
  table.values.resize(table.rows * table.names.size());
  for (std::size_t c = 0; c < table.names.size(); ++c) {
    const market::SeriesColumn* column = series.find(table.names[c]);
    if (column == nullptr) {
      std::vector<std::string> known;
      for (const auto& one : series.columns) known.push_back(one.name);
      throw InputError(series.file + ": no column \"" + table.names[c] + "\"" +
                       suggestion(table.names[c], known));
    }
    const auto numbers = market::numbers_of(series, *column);
    for (std::size_t row = 0; row < table.rows; ++row)
      table.values[row * table.names.size() + c] = numbers[row];
  }
  table.periods_per_year = table.times.size() > 1 ? market::periods_per_year(table.times) : nan_value;
  return table;
}

// Columns of which nothing can be said.
void check_columns(const Table& table) {
  const std::size_t columns = table.names.size();
  if (columns == 0) throw InputError(table.file + ": no column of numbers");
  if (table.rows < 2) {
    throw InputError(table.file + ": " + std::to_string(table.rows) + " row" + (table.rows == 1 ? "" : "s") +
                     "; a covariance needs at least 2");
  }
  std::vector<std::string> constant, empty;
  for (std::size_t c = 0; c < columns; ++c) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    std::size_t known = 0;
    for (std::size_t row = 0; row < table.rows; ++row) {
      const double value = table.values[row * columns + c];
      if (std::isnan(value)) continue;
      ++known;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (known < 2) {
      empty.push_back(table.names[c]);
    } else if (low == high) {
      constant.push_back(table.names[c]);
    }
  }
  const std::string what = table.returns == Returns::none ? "values" : "returns";
  const std::string out = "; leave out what cannot have a covariance with --symbols";
  if (!empty.empty()) throw InputError(table.file + ": fewer than 2 " + what + " of " + listed(empty) + out);
  if (!constant.empty()) {
    throw InputError(table.file + ": constant " + what + " of " + listed(constant) + " (variance 0)" + out);
  }
}

}  // namespace

void add_source_flags(CLI::App& command, SourceFlags& flags) {
  market::add_data_flags(command, flags.bars);
  command
      .add_option("--data", flags.data,
                  "The same as naming the files: bars, or with --returns none any table")
      ->type_name("FILE");
  command
      .add_option("--returns", flags.returns,
                  "log or simple returns of the closes, or none: columns as they are")
      ->type_name("KIND")
      ->capture_default_str();
}

std::string Table::row_name(std::size_t row) const {
  return times.empty() ? "row " + std::to_string(row + 1) : format_timestamp(times[row]);
}

Table read_table(const SourceFlags& given) {
  SourceFlags flags = given;
  const Returns kind = returns_of(flags.returns);
  flags.bars.files.insert(flags.bars.files.end(), flags.data.begin(), flags.data.end());
  Table table = kind == Returns::none ? from_table(flags) : from_bars(flags, kind);
  table.returns = kind;
  check_columns(table);
  return table;
}

}  // namespace regent::covariance
