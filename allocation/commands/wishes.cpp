#include "allocation/commands/wishes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "allocation/momentum.hpp"
#include "base/command_line.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "market/io/series_file.hpp"

namespace regent::allocation {
namespace {

using market::SeriesColumn;
using market::SeriesTable;

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr const char* regime_name = "regime";
constexpr TimestampMs always = std::numeric_limits<TimestampMs>::min();

std::string at_row(const SeriesTable& table, std::size_t row) {
  return table.file + ", " + table.row_name(row);
}

std::vector<TimestampMs> rising_times(const SeriesTable& table, const char* what) {
  const SeriesColumn* column = table.time_column();
  if (column == nullptr) {
    throw InputError(table.file + ": " + what + " need a column of times, named timestamp or date");
  }
  std::vector<TimestampMs> times;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const auto time = market::time_of_cell(*column, row);
    const std::string cell = at_row(table, row) + ", column " + column->name + ": '" +
                             market::cell_text_of(*column, row) + "' is ";
    if (!time) throw InputError(cell + "no time");
    if (!times.empty() && *time <= times.back()) throw InputError(cell + "not later than the row before");
    times.push_back(*time);
  }
  if (times.empty()) throw InputError(table.file + ": no row");
  return times;
}

std::size_t symbol_index(const market::Panel& panel, const std::string& name, const std::string& place) {
  const auto found = std::ranges::find(panel.symbols, name);
  if (found == panel.symbols.end()) {
    throw InputError(place + ": '" + name + "' is no symbol of the data" + suggestion(name, panel.symbols));
  }
  return static_cast<std::size_t>(found - panel.symbols.begin());
}

void check_conviction(double value, double limit, const std::string& place) {
  if (!(std::abs(value) > limit)) return;  // NaN: none
  throw InputError(place + ": " + std::to_string(value) +
                   (std::isinf(limit) ? " is not finite" : "; a conviction lies in [-1, 1]"));
}

std::vector<double> constant_convictions(const SeriesTable& table, const market::Panel& panel, double limit) {
  const SeriesColumn *names = table.symbol_column(), *values = table.find("conviction");
  if (values == nullptr) values = table.find("weight");
  if (values == nullptr) throw InputError(table.file + ": beside symbol there is no column conviction");
  const auto numbers = market::numbers_of(table, *values);
  std::vector<double> convictions(panel.symbol_count(), missing);
  std::vector<bool> seen(panel.symbol_count(), false);
  for (std::size_t row = 0; row < table.rows; ++row) {
    const std::string name = market::cell_text_of(*names, row);
    const std::size_t symbol = symbol_index(panel, name, at_row(table, row));
    if (seen[symbol]) throw InputError(at_row(table, row) + ": " + name + " stands twice");
    check_conviction(numbers[row], limit, at_row(table, row) + ", column " + values->name);
    seen[symbol] = true;
    convictions[symbol] = numbers[row];
  }
  return convictions;
}

}  // namespace

WishSource::WishSource(const WishFlags& flags, const market::Panel& panel, double limit) : panel_(panel) {
  momentum_ = flags.convictions == "momentum";
  if (momentum_) {
    first_bar_ = momentum_bars;
  } else if (flags.convictions != "equal") {
    read_over_time(flags.convictions, limit);
  }
  if (!flags.regimes.empty()) read_regimes(flags.regimes);
}

void WishSource::read_over_time(const std::string& file, double limit) {
  const SeriesTable table = market::read_series(file);
  if (table.symbol_column() != nullptr && table.time_column() == nullptr) {
    convictions_[always] = constant_convictions(table, panel_, limit);
    return;
  }
  const auto times = rising_times(table, "convictions");
  std::vector<std::vector<double>> rows(table.rows, std::vector<double>(panel_.symbol_count(), missing));
  for (const SeriesColumn& column : table.columns) {
    if (&column == table.time_column() || column.name == regime_name) continue;
    const std::size_t symbol = symbol_index(panel_, column.name, file + ", column " + column.name);
    const auto numbers = market::numbers_of(table, column);
    for (std::size_t row = 0; row < table.rows; ++row) {
      check_conviction(numbers[row], limit, at_row(table, row) + ", column " + column.name);
      rows[row][symbol] = numbers[row];
    }
  }
  const SeriesColumn* regime = table.find(regime_name);
  for (std::size_t row = 0; row < table.rows; ++row) {
    convictions_[times[row]] = std::move(rows[row]);
    if (regime != nullptr) regimes_[times[row]] = market::cell_text_of(*regime, row);
  }
  first_bar_ = panel_.lower_bound(times.front());
}

void WishSource::read_regimes(const std::string& file) {
  const SeriesTable table = market::read_series(file);
  const SeriesColumn* regime = table.find(regime_name);
  if (regime == nullptr) throw InputError(file + ": no column " + regime_name);
  const auto times = rising_times(table, "regimes");
  regimes_.clear();
  for (std::size_t row = 0; row < table.rows; ++row) {
    regimes_[times[row]] = market::cell_text_of(*regime, row);
  }
}

void WishSource::check_regimes(const std::map<std::string, double>& risk, const std::string& flag) const {
  refuse_unless(true, !regimes_.empty(), flag,
                "--regimes FILE, or --convictions FILE with a column regime: no regime is known");
  std::set<std::string> seen;
  for (const auto& [time, regime] : regimes_) seen.insert(regime);
  const std::vector<std::string> known(seen.begin(), seen.end());
  std::string all;
  for (const auto& name : known) all += (all.empty() ? "" : ", ") + name;
  for (const auto& [name, multiplier] : risk) {
    if (!seen.contains(name)) {
      throw InputError(flag + " " + name + ": the file has no such regime" + suggestion(name, known) +
                       "; it has " + all);
    }
  }
}

Wish WishSource::at(std::size_t bar) const {
  const TimestampMs time = panel_.timestamps_ms[bar];
  Wish wish;
  if (momentum_) {
    wish.convictions = momentum_convictions(panel_, bar);
  } else if (convictions_.empty()) {
    wish.convictions.assign(panel_.symbol_count(), 1.0);
  } else {
    const auto after = convictions_.upper_bound(time);
    REGENT_INVARIANT(after != convictions_.begin(), "a decision before the first conviction");
    wish.convictions = std::prev(after)->second;
  }
  const auto after = regimes_.upper_bound(time);
  if (after != regimes_.begin()) wish.regime = std::prev(after)->second;
  return wish;
}

}  // namespace regent::allocation
