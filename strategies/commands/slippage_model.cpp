#include "strategies/commands/slippage_model.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "strategies/commands/result_text.hpp"
#include "strategies/liquidity_slippage.hpp"

namespace regent::strategies {
namespace {

constexpr double bps_of_one = 1e4;

bool has_value(const market::Panel& panel, market::Column column, std::size_t symbol) {
  for (std::size_t t = 0; panel.has(column) && t < panel.bars(); ++t)
    if (std::isfinite(panel.at(column, t, symbol))) return true;
  return false;
}

// "A", or "A and 3 more"; "" where every symbol has a value in all of the columns.
std::string symbols_without(const market::Panel& panel, std::initializer_list<market::Column> columns) {
  std::string first;
  std::size_t more = 0;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    if (std::ranges::all_of(columns, [&](auto column) { return has_value(panel, column, s); })) continue;
    if (first.empty()) {
      first = panel.symbols[s];
    } else {
      ++more;
    }
  }
  return more == 0 ? first : first + " and " + std::to_string(more) + " more";
}

}  // namespace

std::vector<double> slippage_rates(const TradingFlags& flags, const market::Panel& panel, std::size_t symbol,
                                   const TradableSeries& series) {
  if (!flags.liquidity_slippage()) return {};
  return liquidity_slippage_rates(panel, symbol, series.panel_bars,
                                  flags.rules.start_cash * flags.rules.size);
}

void tell_missing_terms(const TradingFlags& flags, const market::Panel& panel) {
  if (!flags.liquidity_slippage()) return;
  const auto ranges = symbols_without(panel, {market::Column::high, market::Column::low});
  const auto volumes = symbols_without(panel, {market::Column::volume});
  if (!ranges.empty())
    std::cerr << "--slippage-model liquidity: no high and low of " << ranges << "; the spread is left out\n";
  if (!volumes.empty())
    std::cerr << "--slippage-model liquidity: no volume of " << volumes
              << "; the order's share of it is left out\n";
}

SlippageSummary slippage_summary(const TradingFlags& flags, const std::vector<double>& rates) {
  if (rates.empty()) return {flags.slippage_model, flags.rules.slippage_rate * bps_of_one};
  std::vector<double> sorted = rates;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return {flags.slippage_model, *middle * bps_of_one};
}

nlohmann::ordered_json slippage_json(const SlippageSummary& summary) {
  return {{"slippage_model", summary.model}, {"slippage_bps_median", json_number(summary.median_bps)}};
}

std::string slippage_text(const SlippageSummary& summary) {
  if (summary.model == "fixed") return "";
  return ", slippage by " + summary.model + ", median " + digits(summary.median_bps, 3) + " bp";
}

}  // namespace regent::strategies
