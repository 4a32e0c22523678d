#include "market/io/commands/summary.hpp"

#include <array>
#include <cmath>

#include "base/nan_value.hpp"
#include "base/time.hpp"
#include "market/performance.hpp"

namespace regent::market {

namespace {

// By the symbol's own bars: of a panel that others trade more often, its closes are fewer than the bars.
SymbolSummary summarise_symbol(const Panel& panel, std::size_t symbol) {
  SymbolSummary summary;
  summary.symbol = panel.symbols[symbol];
  std::vector<double> returns;
  std::vector<TimestampMs> times;
  std::size_t first = 0, last = 0;
  double previous = nan_value;
  summary.worst_return = nan_value;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const double close = panel.at(Column::close, bar, symbol);
    if (close != close) continue;
    if (summary.bars++ == 0) first = bar;
    last = bar;
    times.push_back(panel.timestamps_ms[bar]);
    if (previous == previous) {
      returns.push_back(close / previous - 1);
      if (!(returns.back() >= summary.worst_return)) {
        summary.worst_return = returns.back();
        summary.worst_ms = panel.timestamps_ms[bar];
      }
    }
    previous = close;
  }
  summary.first_ms = panel.timestamps_ms[first];
  summary.last_ms = panel.timestamps_ms[last];
  summary.missing = summary.bars == 0 ? 0 : last - first + 1 - summary.bars;
  summary.annual_return = summary.annual_volatility = summary.drawdown_max = nan_value;
  if (returns.size() < 2) return summary;
  const auto performance = performance_of(returns, periods_per_year(times));
  summary.annual_return = performance.annual_return;
  summary.annual_volatility = performance.annual_volatility;
  summary.drawdown_max = performance.drawdown_max;
  return summary;
}

// Equal weights over the symbols that have this bar; a symbol's return is from its last close.
std::vector<double> equal_weight_returns(const Panel& panel) {
  std::vector<double> returns, last(panel.symbol_count(), nan_value);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
      const double close = panel.at(Column::close, bar, s);
      if (close != close) continue;
      const double r = close / last[s] - 1;
      last[s] = close;
      if (r != r) continue;
      sum += r;
      ++count;
    }
    if (bar > 0) returns.push_back(count > 0 ? sum / static_cast<double>(count) : 0);  // nobody moved
  }
  return returns;
}

}  // namespace

PanelSummary summarise(const Panel& panel) {
  PanelSummary summary;
  summary.periods_per_year = panel.bars() < 2 ? nan_value : periods_per_year(panel.timestamps_ms);
  summary.step_ms = usual_step(panel.timestamps_ms);
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    summary.symbols.push_back(summarise_symbol(panel, s));
  }
  summary.annual_return = summary.annual_volatility = summary.drawdown_max = nan_value;
  if (panel.bars() < 3) return summary;
  const auto performance = performance_of(equal_weight_returns(panel), summary.periods_per_year);
  summary.annual_return = performance.annual_return;
  summary.annual_volatility = performance.annual_volatility;
  summary.drawdown_max = performance.drawdown_max;
  return summary;
}

std::string step_name(TimestampMs step_ms) {
  struct Unit {
    TimestampMs ms;
    const char* name;
  };
  constexpr std::array<Unit, 6> units{{{604'800'000, "week"},
                                       {day_ms, "day"},
                                       {3'600'000, "hour"},
                                       {60'000, "minute"},
                                       {1'000, "second"},
                                       {1, "millisecond"}}};
  for (const auto& unit : units) {
    if (step_ms < unit.ms || step_ms % unit.ms != 0) continue;
    const auto count = step_ms / unit.ms;
    return std::to_string(count) + " " + unit.name + (count == 1 ? "" : "s");
  }
  return "no step";
}

}  // namespace regent::market
