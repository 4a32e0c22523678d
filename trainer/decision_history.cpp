#include "trainer/decision_history.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "market/io/series_file.hpp"
#include "models/decider.hpp"

namespace regent::trainer {
namespace {

constexpr const char *time_name = "timestamp", *regime_name = "regime";

// Appends the decisions of bars [first, end) by one bundle.
void decide_span(models::Bundle bundle, const market::Panel& panel, std::size_t first, std::size_t end,
                 DecisionHistory& history) {
  if (first >= end) return;
  models::Decider decider(std::make_shared<models::Bundle>(std::move(bundle)), panel.symbols,
                          panel.column_set());
  for (std::size_t bar = 0; bar < end; ++bar) {
    const models::Decision decision = decider.update(panel.bar(bar));
    if (bar < first || !decision.warm) continue;
    history.timestamps_ms.push_back(decision.timestamp_ms);
    history.weights.insert(history.weights.end(), decision.weights.begin(), decision.weights.end());
    history.regimes.push_back(decision.regime);
  }
}

}  // namespace

models::Bundle bundle_at(std::vector<models::Bundle> bundles, TimestampMs timestamp_ms) {
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < bundles.size(); ++i) {
    if (bundles[i].manifest.serve_from_ms <= timestamp_ms) chosen = i;
  }
  return std::move(bundles[chosen]);
}

DecisionHistory decide_every_bar(std::vector<models::Bundle> bundles, const market::Panel& panel) {
  const TimestampMs serve_from_ms = bundles.front().manifest.serve_from_ms;
  DecisionHistory history;
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    const std::size_t first = panel.lower_bound(bundles[i].manifest.serve_from_ms);
    const std::size_t end =
        i + 1 < bundles.size() ? panel.lower_bound(bundles[i + 1].manifest.serve_from_ms) : panel.bars();
    decide_span(std::move(bundles[i]), panel, first, end, history);
  }
  if (!history.timestamps_ms.empty()) return history;
  throw InputError(fmt::format(
      "no bar of the data can be decided: the bundle decides from {} on, once its features are known, and "
      "the "
      "{} bars end at {}",
      format_timestamp(serve_from_ms), panel.bars(), format_timestamp(panel.timestamps_ms.back())));
}

void write_decision_history(const DecisionHistory& history, const std::vector<std::string>& symbols,
                            const std::string& file) {
  std::vector<market::SeriesColumn> columns(symbols.size() + 2);
  columns.front().name = time_name;
  columns.front().integers = history.timestamps_ms;
  columns.front().is_timestamp = true;
  columns.back().name = regime_name;
  columns.back().texts = history.regimes;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i] == time_name || symbols[i] == regime_name)
      throw InputError(file + ": a symbol is called '" + symbols[i] +
                       "', which is a column's name of its own");
    columns[i + 1].name = symbols[i];
    for (std::size_t row = 0; row < history.timestamps_ms.size(); ++row)
      columns[i + 1].reals.push_back(history.weights[row * symbols.size() + i]);
  }
  market::write_series_file(columns, file);
}

}  // namespace regent::trainer
