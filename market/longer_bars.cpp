#include "market/longer_bars.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "market/panel_selection.hpp"

namespace regent::market {

namespace {

constexpr TimestampMs minute_ms = 60'000, hour_ms = 60 * minute_ms, week_ms = 7 * day_ms;
constexpr TimestampMs first_monday_ms = 4 * day_ms;  // 1970-01-05
constexpr TimestampMs step_max_ms = 366 * day_ms;

TimestampMs unit_of(char letter) {
  switch (letter) {
    case 'm':
      return minute_ms;
    case 'h':
      return hour_ms;
    case 'd':
      return day_ms;
    case 'w':
      return week_ms;
    default:
      return 0;
  }
}

TimestampMs begin_of(TimestampMs time, TimestampMs step) {
  const TimestampMs origin = step % week_ms == 0 ? first_monday_ms : 0;
  const TimestampMs since = time - origin;
  const TimestampMs into = ((since % step) + step) % step;
  return time - into;
}

// fmin, fmax: the known one where the other is missing.
void merge(Panel& panel, std::size_t symbol, const BarView& bar) {
  const std::size_t at = panel.bars() - 1;
  const auto is_known = [](double value) { return value == value; };
  const auto value = [&](Column column) { return bar.has(column) ? bar[column][symbol] : nan_value; };
  const double open = value(Column::open), close = value(Column::close);
  if (bar.has(Column::open) && !is_known(panel.at(Column::open, at, symbol))) {
    panel.at(Column::open, at, symbol) = open;
  }
  if (is_known(close)) panel.at(Column::close, at, symbol) = close;
  // a bar whose own high is missing was at its open and its close all the same
  const auto widen = [&](Column column, auto&& further) {
    if (!bar.has(column)) return;
    double& extreme = panel.at(column, at, symbol);
    extreme = further(further(extreme, value(column)), further(open, close));
  };
  widen(Column::high, [](double a, double b) { return std::fmax(a, b); });
  widen(Column::low, [](double a, double b) { return std::fmin(a, b); });
  if (!bar.has(Column::volume) || !is_known(value(Column::volume))) return;
  double& volume = panel.at(Column::volume, at, symbol);
  volume = (is_known(volume) ? volume : 0) + value(Column::volume);
}

void begin_bar(Panel& panel, TimestampMs time, ColumnSet columns) {
  panel.timestamps_ms.push_back(time);
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns.has(static_cast<Column>(c))) {
      panel.columns[c].resize(panel.bars() * panel.symbol_count(), nan_value);
    }
  }
}

// What one symbol's bars with a close say of periods.
struct SymbolTimes {
  std::vector<TimestampMs> begins;  // of its bars
  TimestampMs length = 0;           // of one: what all steps are multiples of, also where bars are missing
};

SymbolTimes times_of(const Panel& panel, std::size_t symbol) {
  SymbolTimes times{close_times(panel, symbol)};
  for (std::size_t i = 1; i < times.begins.size(); ++i) {
    times.length = std::gcd(times.length, times.begins[i] - times.begins[i - 1]);
  }
  return times;
}

void check_nested(const SymbolTimes& times, const std::string& symbol, TimestampMs step) {
  for (const TimestampMs time : times.begins) {
    if (time - begin_of(time, step) + times.length <= step) continue;
    throw InputError(
        "the bar of " + symbol + " at " + format_timestamp(time) + " lasts " +
        std::to_string(times.length / 1'000) +
        " s and ends after the longer bar that it begins in; name a step that the data's bars fit "
        "into");
  }
}

// How far into a period the symbol's bars came: in the last one, and at most in those before; 0 for never.
struct Reach {
  TimestampMs last = 0, before = 0;
};

Reach reach_of(const SymbolTimes& times, TimestampMs last_begin, TimestampMs step) {
  Reach reach;
  for (const TimestampMs time : times.begins) {
    const TimestampMs begin = begin_of(time, step);
    TimestampMs& furthest = begin == last_begin ? reach.last : reach.before;
    furthest = std::max(furthest, time - begin + times.length);
  }
  return reach;
}

}  // namespace

TimestampMs parse_step(std::string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool has_unit = error == std::errc() && end + 1 == text.data() + text.size();
  const TimestampMs step = has_unit && count > 0 && count <= 1440 ? count * unit_of(*end) : 0;
  if (step > 0 && step <= step_max_ms && (day_ms % step == 0 || step % day_ms == 0)) return step;
  throw InputError("'" + std::string(text) +
                   "' is no step of bars; 15m, 4h, 1d or 1w are right (whole periods must make up a day, or "
                   "whole days a period)");
}

LongerBars longer_bars(const Panel& panel, TimestampMs step_ms) {
  REGENT_INVARIANT(panel.bars() > 0, "longer bars of nothing");
  const TimestampMs last = begin_of(panel.timestamps_ms.back(), step_ms);
  std::size_t in_last = 0, over = 0;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const SymbolTimes times = times_of(panel, s);
    check_nested(times, panel.symbols[s], step_ms);
    const Reach reach = reach_of(times, last, step_ms);
    if (reach.last == 0) continue;
    ++in_last;
    if (reach.last >= (reach.before > 0 ? reach.before : step_ms)) ++over;
  }
  LongerBars result;
  result.panel.symbols = panel.symbols;
  for (std::size_t i = 0; i < panel.bars(); ++i) {
    const BarView bar = panel.bar(i);
    const TimestampMs begin = begin_of(bar.timestamp_ms, step_ms);
    if (i == 0 || begin != result.panel.timestamps_ms.back()) {
      begin_bar(result.panel, begin, panel.column_set());
    }
    for (std::size_t s = 0; s < panel.symbol_count(); ++s) merge(result.panel, s, bar);
  }
  if (2 * over < in_last || in_last == 0) {
    result.unfinished_ms = last;
    result.panel = result.panel.slice(0, result.panel.bars() - 1);
  }
  return result;
}

}  // namespace regent::market
