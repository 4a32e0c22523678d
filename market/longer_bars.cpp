#include "market/longer_bars.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "market/weekday.hpp"

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

void check_nested(const Panel& panel, TimestampMs step, TimestampMs usual) {
  for (const TimestampMs time : panel.timestamps_ms) {
    if (time - begin_of(time, step) + usual <= step) continue;
    throw InputError(
        "the bar of " + format_timestamp(time) + " lasts " + std::to_string(usual / 1'000) +
        " s (the usual step of the data) and ends after the longer bar that it begins in; name a "
        "step that the data's bars fit into");
  }
}

// When a market that is closed at weekends has seen the whole period that begins here.
TimestampMs end_of(TimestampMs begin, TimestampMs step, bool has_weekends) {
  TimestampMs end = begin + step;
  while (!has_weekends && end - day_ms > begin && is_weekend(end - 1)) end -= day_ms;
  return end;
}

void drop_last(Panel& panel) {
  panel.timestamps_ms.pop_back();
  for (auto& column : panel.columns) {
    if (!column.empty()) column.resize(panel.bars() * panel.symbol_count());
  }
}

}  // namespace

TimestampMs usual_step(const Panel& panel) {
  std::vector<TimestampMs> steps;
  for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
    steps.push_back(panel.timestamps_ms[bar] - panel.timestamps_ms[bar - 1]);
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

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
  const TimestampMs usual = usual_step(panel);
  check_nested(panel, step_ms, usual);
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
  const bool has_weekends = std::ranges::any_of(panel.timestamps_ms, is_weekend);
  const TimestampMs last = result.panel.timestamps_ms.back();
  if (panel.timestamps_ms.back() + usual < end_of(last, step_ms, has_weekends)) {
    result.unfinished_ms = last;
    drop_last(result.panel);
  }
  return result;
}

}  // namespace regent::market
