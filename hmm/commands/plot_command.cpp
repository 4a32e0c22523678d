#include "hmm/commands/plot_command.hpp"

#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/atomic_file.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "hmm/commands/decoded.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/labels.hpp"
#include "market/io/layout.hpp"

namespace regent::hmm {
namespace {

using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr std::size_t symbols_max = 40;

struct PlotFlags {
  SourceFlags source;
  std::string model, out, device = "auto";
};

struct Price {
  std::string name;
  std::vector<double> values;  // [rows]
};

// close or index as they were carried; else the return feature summed up; else the first feature itself.
Price price_of(const Decoded& decoded) {
  const SeriesInput& input = decoded.input;
  for (const auto& column : input.carried) {
    if (column.name != "close" && column.name != "index" && column.name != "price") continue;
    if (!column.is_timestamp) return {column.name, market::numbers_of(input.table, column)};
  }
  const Model& model = decoded.model(0);
  Price price{"", std::vector<double>(input.table.rows, std::nan(""))};
  if (!model.has_emission()) return price;
  const int d = return_feature(model);
  const std::string& feature = model.features[static_cast<std::size_t>(d)];
  const bool is_return = feature.find("return") != std::string::npos;
  price.name = is_return ? "exp of the sum of " + feature : feature;
  for (const auto& one : input.series) {
    double level = 0;
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
      const double value = one.values[i * model.features.size() + static_cast<std::size_t>(d)];
      level += std::isnan(value) ? 0 : value;
      price.values[one.rows[i]] = is_return ? std::exp(level) : value;
    }
  }
  return price;
}

SeriesColumn time_of(const SeriesInput& input) {
  if (auto times = input.times())
    return {.name = "timestamp", .integers = std::move(*times), .is_timestamp = true};
  SeriesColumn rows{.name = "row", .integers = std::vector<std::int64_t>(input.table.rows)};
  for (const auto& one : input.series) {
    for (std::size_t i = 0; i < one.rows.size(); ++i)
      rows.integers[one.rows[i]] = static_cast<std::int64_t>(i);
  }
  return rows;
}

// Column of a regime's probability by row.
SeriesColumn regime_column(const Decoded& decoded, const std::vector<std::vector<double>>& probability,
                           const std::string& prefix, int regime) {
  SeriesColumn column{.name = prefix + std::to_string(regime),
                      .reals = std::vector<double>(decoded.input.table.rows, 0)};
  for (std::size_t s = 0; s < probability.size(); ++s) {
    const Model& model = decoded.model(s);
    const auto states = static_cast<std::size_t>(model.states());
    const auto& rows = decoded.input.series[s].rows;
    for (std::size_t i = 0; i < probability[s].size(); ++i) {
      if (regime_of_state(model, static_cast<int>(i % states)) == regime) {
        column.reals[rows[i / states]] += probability[s][i];
      }
    }
  }
  return column;
}

std::vector<SeriesColumn> series_columns(const Decoded& decoded, const Price& price) {
  const SeriesInput& input = decoded.input;
  SeriesColumn symbol{.name = "symbol", .texts = std::vector<std::string>(input.table.rows)};
  SeriesColumn regime{.name = "regime", .integers = std::vector<std::int64_t>(input.table.rows)};
  for (std::size_t s = 0; s < input.series.size(); ++s) {
    for (std::size_t i = 0; i < input.series[s].rows.size(); ++i) {
      const int k = decoded.paths.states[s][i];
      symbol.texts[input.series[s].rows[i]] = input.series[s].symbol;
      regime.integers[input.series[s].rows[i]] = k < 0 ? -1 : regime_of_state(decoded.model(s), k);
    }
  }
  std::vector<SeriesColumn> columns{time_of(input), symbol, {.name = "price", .reals = price.values}, regime};
  for (int i = 0; i < regimes_of(decoded.model(0)); ++i) {
    columns.push_back(regime_column(decoded, decoded.filtered.probability, "filtered_", i));
    columns.push_back(regime_column(decoded, decoded.smoothed.probability, "smoothed_", i));
  }
  return columns;
}

int run(const PlotFlags& flags) {
  check_folder(flags.out);
  const Decoded decoded = decode_series(flags.source, read_models(flags.model), flags.model, flags.device);
  if (decoded.input.series.size() > symbols_max) {
    throw InputError(std::to_string(decoded.input.series.size()) + " symbols; at most " +
                     std::to_string(symbols_max) + " are drawn at once, name them with --symbols");
  }
  const Price price = price_of(decoded);
  auto models = ordered_json::array();
  for (const auto& report : reports_of(decoded, false)) models.push_back(report_json(report));
  market::make_folder(flags.out);
  const std::filesystem::path folder = flags.out;
  market::write_series_file(series_columns(decoded, price), folder / "series.parquet");
  write_file_atomically(folder / "regimes.json",
                        ordered_json{{"price", price.name}, {"models", models}}.dump(2) + "\n");
  draw("hmm.py", folder, flags.source.bars.json);
  if (flags.source.bars.json)
    std::cout << ordered_json{{"out", flags.out}, {"models", models}}.dump() << '\n';
  return 0;
}

}  // namespace

void add_plot_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<PlotFlags>();
  CLI::App* command = app.add_subcommand(
      "plot", "Pictures: price in its regimes, posteriors, transitions, how long regimes last");
  command->add_option("--model", flags->model, "The regime model, or a folder of a model per symbol")
      ->type_name("FILE")
      ->required();
  add_source_flags(*command, flags->source, true);
  command->add_option("--out", flags->out, "Folder for the pictures, series.parquet and regimes.json")
      ->type_name("FOLDER")
      ->required();
  command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace regent::hmm
