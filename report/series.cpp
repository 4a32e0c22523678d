#include "report/series.hpp"

#include <cmath>
#include <limits>

#include "market/io/panel_file.hpp"
#include "market/market_state.hpp"

namespace regent::report {

namespace {

using market::SeriesColumn;

std::vector<double> equal_weight_index(const RunRecord& run) {
  market::MarketState state({"market_return"}, run.panel.symbol_count());
  std::vector<double> index;
  double level = 0;
  for (std::size_t bar = 0; bar < run.panel.bars(); ++bar) {
    state.update(run.panel.bar(bar));
    const double step = state.index_return();
    if (bar > run.first_traded_bar && std::isfinite(step)) level += step;
    if (bar >= run.first_traded_bar) index.push_back(std::exp(level));
  }
  return index;
}

std::vector<double> posterior_of(const RunRecord& run, const std::string& label) {
  std::vector<double> values;
  for (const RecordedDecision& decision : run.decisions) {
    double value = decision.decided ? 0 : std::numeric_limits<double>::quiet_NaN();
    for (std::size_t macro = 0; macro < decision.macro_labels.size(); ++macro) {
      if (decision.decided && decision.macro_labels[macro] == label) value += decision.macro_posterior[macro];
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace

void write_run_series(const RunRecord& run, const Curves& curves, const std::vector<std::string>& labels,
                      const std::filesystem::path& file) {
  SeriesColumn time{.name = "timestamp", .is_timestamp = true};
  SeriesColumn state{.name = "state", .texts = run.states}, regime{.name = "regime"};
  for (std::size_t i = 0; i < run.traded_bars(); ++i) {
    time.integers.push_back(run.panel.timestamps_ms[run.first_traded_bar + i]);
    regime.texts.push_back(run.decisions[i].decided ? run.decisions[i].regime : "");
  }
  std::vector<SeriesColumn> columns{time,
                                    {.name = "equity", .reals = curves.policy},
                                    {.name = "equity_ungated", .reals = curves.ungated},
                                    {.name = "equity_hold", .reals = curves.hold},
                                    state,
                                    regime,
                                    {.name = "index", .reals = equal_weight_index(run)}};
  for (const std::string& label : labels)
    columns.push_back({.name = "p_" + label, .reals = posterior_of(run, label)});
  market::write_series(columns, file);
}

}  // namespace regent::report
