#include "hmm/commands/series_source.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "hmm/summary.hpp"
#include "market/feature_stream.hpp"
#include "market/io/layout.hpp"
#include "market/market_state.hpp"
#include "market/performance.hpp"

namespace regent::hmm {
namespace {

using market::Column;
using market::Panel;
using market::SeriesColumn;

bool is_market_state(const std::vector<std::string>& features) {
  const auto known = market::market_state_names();
  return std::ranges::all_of(features,
                             [&](const auto& name) { return std::ranges::find(known, name) != known.end(); });
}

void check_names(const std::vector<std::string>& features) {
  std::vector<std::string> known = market::market_state_names();
  for (const auto& spec : market::feature_catalogue()) known.push_back(spec.name);
  for (const auto& name : features) {
    if (std::ranges::find(known, name) != known.end()) continue;
    throw InputError("bars have no feature \"" + name + "\"" + suggestion(name, known) +
                     "; docs/concepts/features.md lists them (a column of a table goes with --data)");
  }
  const auto state = market::market_state_names();
  const auto of_market = std::ranges::count_if(
      features, [&](const auto& name) { return std::ranges::find(state, name) != state.end(); });
  if (of_market == 0 || of_market == std::ssize(features)) return;
  throw InputError("features of the whole market (market_…) and of one symbol cannot stand in one model");
}

// Rows are written one after the other into the table's carried columns and the series.
struct Builder {
  SeriesInput input;
  SeriesColumn times{.name = "timestamp", .is_timestamp = true};
  SeriesColumn symbols{.name = "symbol"};
  SeriesColumn price;
  void row(NamedSeries& series, TimestampMs time, double price_now) {
    series.rows.push_back(times.integers.size());
    times.integers.push_back(time);
    price.reals.push_back(price_now);
    if (!series.symbol.empty()) symbols.texts.push_back(series.symbol);
  }
  SeriesInput finish(const std::string& file) {
    input.table.file = file;
    input.table.is_text = false;
    input.table.rows = times.integers.size();
    input.carried.push_back(std::move(times));
    if (!symbols.texts.empty()) input.carried.push_back(std::move(symbols));
    input.carried.push_back(std::move(price));
    return std::move(input);
  }
};

// A series without missing values at its beginning: from the first bar at which every feature is known.
std::size_t first_warm(std::size_t bars, std::size_t features, const auto& value) {
  for (std::size_t bar = 0; bar < bars; ++bar) {
    bool warm = true;
    for (std::size_t f = 0; f < features; ++f) warm = warm && !std::isnan(value(bar, f));
    if (warm) return bar;
  }
  return bars;
}

SeriesInput symbol_series(const Panel& panel, const std::vector<std::string>& features,
                          const std::string& file) {
  const market::FeatureTable table = market::compute_features(panel, features);
  Builder builder;
  builder.price.name = "close";
  builder.input.columns = features;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const auto value = [&](std::size_t bar, std::size_t f) {
      return table.values[(bar * features.size() + f) * panel.symbol_count() + s];
    };
    NamedSeries series{panel.symbols[s], {}, {}};
    std::size_t end = panel.bars();
    while (end > 0 && std::isnan(panel.at(Column::close, end - 1, s))) --end;
    for (std::size_t bar = first_warm(end, features.size(), value); bar < end; ++bar) {
      builder.row(series, panel.timestamps_ms[bar], panel.at(Column::close, bar, s));
      for (std::size_t f = 0; f < features.size(); ++f) series.values.push_back(value(bar, f));
    }
    if (series.rows.empty()) {
      throw InputError(file + ": " + series.symbol + " has no bar at which all of its features are known (" +
                       std::to_string(end) + " bars); leave it out with --symbols, or take shorter features");
    }
    builder.input.series.push_back(std::move(series));
  }
  return builder.finish(file);
}

SeriesInput market_series(const Panel& panel, const std::vector<std::string>& features,
                          const std::string& file) {
  const std::vector<double> values = market::compute_market_state(panel, features);
  const std::vector<double> returns = market::compute_market_state(panel, {"market_return"});
  const std::size_t width = features.size();
  Builder builder;
  builder.price.name = "index";
  builder.input.columns = features;
  NamedSeries series;
  double level = 0;
  const std::size_t first = first_warm(
      panel.bars(), width, [&](std::size_t bar, std::size_t f) { return values[bar * width + f]; });
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    level += std::isnan(returns[bar]) ? 0 : returns[bar];
    if (bar < first) continue;
    builder.row(series, panel.timestamps_ms[bar], std::exp(level));
    series.values.insert(series.values.end(), values.begin() + static_cast<std::ptrdiff_t>(bar * width),
                         values.begin() + static_cast<std::ptrdiff_t>((bar + 1) * width));
  }
  if (series.rows.empty()) throw InputError(file + ": no bar at which the whole market state is known");
  builder.input.series.push_back(std::move(series));
  return builder.finish(file);
}

// One per state; of a hierarchy the states have numbers only.
std::vector<std::string> state_labels(const Model& model) {
  std::vector<std::string> labels;
  for (int k = 0; k < model.states(); ++k) {
    labels.push_back(model.macros == 1 ? label_of_regime(model, k) : "state_" + std::to_string(k));
  }
  return labels;
}

void check_one_source(const SourceFlags& flags) {
  const int named =
      (flags.data.empty() ? 0 : 1) + (flags.emissions.empty() ? 0 : 1) + (flags.bars.files.empty() ? 0 : 1);
  if (named > 1) throw InputError("name files of bars, or --data, or --emissions: only one of them");
  const bool cut = !flags.bars.from.empty() || !flags.bars.to.empty() || !flags.bars.symbols.empty() ||
                   flags.bars.adjusted || !flags.bars.timeframe.empty();
  if (cut && (!flags.data.empty() || !flags.emissions.empty())) {
    throw InputError(
        "--from, --to, --symbols, --timeframe and --adjusted are for files of bars, not for a table");
  }
}

}  // namespace

void add_source_flags(CLI::App& command, SourceFlags& flags, bool with_emissions) {
  market::add_data_flags(command, flags.bars);
  command
      .add_option("--data", flags.data,
                  "Instead of bars: CSV, CSV.gz or Parquet with a column per feature, and a symbol column "
                  "where there are several series")
      ->type_name("FILE");
  if (!with_emissions) return;
  command
      .add_option("--emissions", flags.emissions,
                  "Instead of observations: a row per bar and a column of log P(bar | state) per state")
      ->type_name("FILE");
}

SeriesInput read_feature_series(const SourceFlags& flags, const std::vector<std::string>& features) {
  check_one_source(flags);
  if (!flags.data.empty()) return read_features(flags.data, features);
  if (flags.bars.files.empty() && load_config(flags.bars.common).text_list("data.files").empty()) {
    throw InputError("name files of bars, or --data FILE with a column per feature");
  }
  check_names(features);
  const Panel panel = market::read_input(flags.bars);
  const std::string file = flags.bars.files.empty() ? "data.files" : flags.bars.files.front();
  return is_market_state(features) ? market_series(panel, features, file)
                                   : symbol_series(panel, features, file);
}

SeriesInput read_model_series(const SourceFlags& flags, const Model& model, const std::string& model_file) {
  check_one_source(flags);
  if (!flags.emissions.empty()) return read_emissions(flags.emissions, state_labels(model));
  if (!model.has_emission()) {
    throw InputError(model_file + ": the model has no emission; give --emissions instead of observations");
  }
  return read_feature_series(flags, model.features);
}

double periods_per_year_of(const SeriesInput& input) {
  const auto times = input.times();
  const std::vector<std::size_t>& rows = input.series.front().rows;
  if (!times || rows.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  std::vector<TimestampMs> of_first;
  for (const std::size_t row : rows) of_first.push_back((*times)[row]);
  return market::periods_per_year(of_first);
}

}  // namespace regent::hmm
