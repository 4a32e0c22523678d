#include "hmm/commands/forecast_command.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

#include "base/error.hpp"
#include "base/table.hpp"
#include "hmm/commands/decoded.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/forecast.hpp"
#include "hmm/sample.hpp"

namespace regent::hmm {
namespace {

using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr int horizons_shown = 10;

struct ForecastFlags {
  SourceFlags source;
  std::string model, out, device = "auto";
  int horizon = 1;
};

// The forecast of one series from its last bar.
struct Ahead {
  std::string symbol;
  Model model;
  Forecast forecast;
  int steps = 0;

  double regime(int step, int regime) const {
    double sum = 0;
    for (int k = 0; k < model.states(); ++k) {
      if (regime_of_state(model, k) == regime) sum += forecast.probability[step * model.states() + k];
    }
    return sum;
  }
  double mean(int step, int d) const { return forecast.mean[step * model.dimension() + d]; }
  double covariance(int step, int d, int e) const {
    const int dimension = model.dimension();
    return forecast.covariance[(step * dimension + d) * dimension + e];
  }
  double deviation(int step, int d) const { return std::sqrt(covariance(step, d, d)); }
};

std::vector<Ahead> forecasts(const ForecastFlags& flags) {
  const ModelChoice choice = read_models(flags.model);
  const SeriesInput input = read_model_series(flags.source, choice.any(), flags.model);
  const auto models = choice.for_series(input, flags.model);
  const auto filtered = filtered_posteriors(cuda::Resources::make(flags.device), models, input.batch());
  std::vector<Ahead> all;
  for (std::size_t s = 0; s < input.series.size(); ++s) {
    const Model& model = models[models.size() == 1 ? 0 : s];
    if (filtered.log_likelihood[s] == -INFINITY) {
      throw InputError(input.batch().names[s] +
                       ": the data are impossible under this model, nothing follows from them");
    }
    const std::span<const double> rows = filtered.probability[s];
    const auto last = rows.last(static_cast<std::size_t>(model.states()));
    all.push_back({input.series[s].symbol, model, forecast(model, last, flags.horizon), flags.horizon});
  }
  return all;
}

std::vector<SeriesColumn> forecast_columns(const std::vector<Ahead>& all) {
  const Model& first = all.front().model;
  SeriesColumn symbols{.name = "symbol"}, bars{.name = "bars_ahead"};
  std::vector<SeriesColumn> probabilities, moments, covariances;
  for (int k = 0; k < first.states(); ++k) probabilities.push_back({.name = "p_" + std::to_string(k)});
  for (int i = 0; first.macros > 1 && i < first.macros; ++i)
    probabilities.push_back({.name = "macro_" + std::to_string(i)});
  for (const auto& feature : first.features) {
    moments.push_back({.name = "mean_" + feature});
    moments.push_back({.name = "deviation_" + feature});
  }
  for (int d = 0; d < first.dimension(); ++d) {
    for (int e = d + 1; e < first.dimension(); ++e) {
      covariances.push_back({.name = "cov_" + first.features[d] + "_" + first.features[e]});
    }
  }
  for (const auto& one : all) {
    for (int step = 0; step < one.steps; ++step) {
      symbols.texts.push_back(one.symbol);
      bars.integers.push_back(step + 1);
      for (int k = 0; k < first.states(); ++k) {
        probabilities[k].reals.push_back(one.forecast.probability[step * first.states() + k]);
      }
      for (int i = 0; first.macros > 1 && i < first.macros; ++i) {
        probabilities[first.states() + i].reals.push_back(one.regime(step, i));
      }
      for (int d = 0; d < first.dimension(); ++d) {
        moments[2 * d].reals.push_back(one.mean(step, d));
        moments[2 * d + 1].reals.push_back(one.deviation(step, d));
      }
      std::size_t pair = 0;
      for (int d = 0; d < first.dimension(); ++d) {
        for (int e = d + 1; e < first.dimension(); ++e) {
          covariances[pair++].reals.push_back(one.covariance(step, d, e));
        }
      }
    }
  }
  std::vector<SeriesColumn> columns;
  if (all.size() > 1 || !all.front().symbol.empty()) columns.push_back(std::move(symbols));
  columns.push_back(std::move(bars));
  std::ranges::move(probabilities, std::back_inserter(columns));
  std::ranges::move(moments, std::back_inserter(columns));
  std::ranges::move(covariances, std::back_inserter(columns));
  return columns;
}

void print_forecast(const Ahead& one) {
  Table table;
  table.header = {"bars ahead"};
  table.right = {true};
  for (int i = 0; i < regimes_of(one.model); ++i) table.header.push_back(label_of_regime(one.model, i));
  for (const auto& feature : one.model.features) table.header.push_back(feature);
  table.right.resize(table.header.size(), true);
  for (int step = 0; step < one.steps; ++step) {
    // the first ones, then ever longer strides: a forecast changes less and less
    if (step >= horizons_shown && step + 1 != one.steps && (step + 1) % horizons_shown != 0) continue;
    std::vector<Table::Cell> cells{{std::to_string(step + 1)}};
    for (int i = 0; i < regimes_of(one.model); ++i) cells.push_back({percent(one.regime(step, i))});
    for (int d = 0; d < one.model.dimension(); ++d) {
      cells.push_back({digits(one.mean(step, d), 3) + " ± " + digits(one.deviation(step, d), 2)});
    }
    table.rows.push_back(std::move(cells));
  }
  if (!one.symbol.empty()) std::cout << "  " << coloured(one.symbol, Colour::bold) << '\n';
  std::cout << table.text();
}

// Of the features at one step: means, deviations and covariances by their names.
void put_moments(const Ahead& one, int step, ordered_json& row) {
  const auto& features = one.model.features;
  auto means = ordered_json::object(), deviations = ordered_json::object(),
       covariances = ordered_json::object();
  for (int d = 0; d < one.model.dimension(); ++d) {
    means[features[d]] = one.mean(step, d);
    deviations[features[d]] = one.deviation(step, d);
    for (int e = 0; e < one.model.dimension(); ++e) {
      covariances[features[d]][features[e]] = one.covariance(step, d, e);
    }
  }
  row["means"] = means;
  row["deviations"] = deviations;
  row["covariances"] = covariances;
}

ordered_json forecast_json(const Ahead& one) {
  ordered_json out;
  if (!one.symbol.empty()) out["symbol"] = one.symbol;
  auto rows = ordered_json::array();
  for (int step = 0; step < one.steps; ++step) {
    auto states = ordered_json::array(), regimes = ordered_json::object();
    for (int k = 0; k < one.model.states(); ++k) {
      states.push_back(one.forecast.probability[step * one.model.states() + k]);
    }
    for (int i = 0; i < regimes_of(one.model); ++i)
      regimes[label_of_regime(one.model, i)] = one.regime(step, i);
    ordered_json row = {{"bars_ahead", step + 1}, {"states", states}, {"regimes", regimes}};
    if (one.model.has_emission()) put_moments(one, step, row);
    rows.push_back(std::move(row));
  }
  out["forecast"] = rows;
  return out;
}

int run_forecast(const ForecastFlags& flags) {
  check_table_name(flags.out);
  const std::vector<Ahead> all = forecasts(flags);
  if (!flags.out.empty()) market::write_series_file(forecast_columns(all), flags.out);
  if (flags.source.bars.json) {
    auto list = ordered_json::array();
    for (const auto& one : all) list.push_back(forecast_json(one));
    std::cout << ordered_json{{"series", list}}.dump() << '\n';
    return 0;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) std::cout << '\n';
    print_forecast(all[i]);
  }
  if (!flags.out.empty()) std::cout << "\n  " << coloured("wrote", Colour::green) << ' ' << flags.out << '\n';
  return 0;
}

struct SampleFlags {
  std::string model, out;
  std::int64_t bars = 1000, seed = 1;
  int paths = 1;
  bool json = false;
};

int run_sample(const SampleFlags& flags) {
  check_table_name(flags.out);
  const Model model = read_model(flags.model);
  if (!model.has_emission()) throw InputError(flags.model + ": the model has no emission to draw bars from");
  const auto paths = sample(model, flags.bars, flags.paths, static_cast<std::uint64_t>(flags.seed));
  SeriesColumn symbol{.name = "symbol"}, bar{.name = "bar"}, state{.name = "true_state"};
  std::vector<SeriesColumn> features;
  for (const auto& name : model.features) features.push_back({.name = name});
  for (std::size_t p = 0; p < paths.size(); ++p) {
    for (std::size_t t = 0; t < paths[p].states.size(); ++t) {
      symbol.texts.push_back("path_" + std::to_string(p));
      bar.integers.push_back(static_cast<std::int64_t>(t));
      state.integers.push_back(paths[p].states[t]);
      for (std::size_t d = 0; d < features.size(); ++d) {
        features[d].reals.push_back(paths[p].observations[t * features.size() + d]);
      }
    }
  }
  std::vector<SeriesColumn> columns;
  if (flags.paths > 1) columns.push_back(std::move(symbol));
  columns.push_back(std::move(bar));
  columns.push_back(std::move(state));
  std::ranges::move(features, std::back_inserter(columns));
  market::write_series_file(columns, flags.out);
  if (flags.json) {
    std::cout << ordered_json{{"out", flags.out},
                              {"paths", flags.paths},
                              {"bars", flags.bars},
                              {"seed", flags.seed},
                              {"features", model.features}}
                     .dump()
              << '\n';
    return 0;
  }
  std::cout << "  " << coloured("wrote", Colour::green) << ' ' << flags.out << '\n';
  return 0;
}

}  // namespace

void add_forecast_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<ForecastFlags>();
  CLI::App* command =
      app.add_subcommand("forecast", "Regime, and mean and deviation of the features, of the next bars");
  command->add_option("--model", flags->model, "The regime model, or a folder of a model per symbol")
      ->type_name("FILE")
      ->required();
  add_source_flags(*command, flags->source, true);
  command->add_option("--horizon", flags->horizon, "Bars ahead of the last one")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--out", flags->out, "A row per symbol and bar ahead: FILE.csv or FILE.parquet")
      ->type_name(written_table);
  command->callback([flags, &body] { body = [flags] { return run_forecast(*flags); }; });
}

void add_sample_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<SampleFlags>();
  CLI::App* command = app.add_subcommand("sample", "Draw paths of states and bars from a model");
  command->add_option("--model", flags->model, "The regime model")->type_name("FILE")->required();
  command->add_option("--out", flags->out, "FILE.csv or FILE.parquet")->type_name(written_table)->required();
  command->add_option("--bars", flags->bars, "Of each path")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--paths", flags->paths, "Each a symbol of its own")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "The same seed draws the same paths")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object on standard output");
  command->callback([flags, &body] { body = [flags] { return run_sample(*flags); }; });
}

}  // namespace regent::hmm
