#include "hmm/commands/fit_command.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/table.hpp"
#include "base/terminal.hpp"
#include "hmm/commands/bar_length.hpp"
#include "hmm/commands/fit_flags.hpp"
#include "hmm/commands/model_choice.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/commands/regime_report.hpp"

namespace regent::hmm {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t symbols_shown = 3;

struct FitCommandFlags : FitFlags {
  ShapeFlags shape;
  std::string out, previous, start, fixed;
  bool pooled = false;
};

FreeParameters free_beside(const std::string& fixed) {
  FreeParameters free;
  for (const auto& name : split_names(fixed)) {
    if (name == "start") {
      free.start = false;
    } else if (name == "transitions") {
      free.transitions = false;
    } else if (name == "means") {
      free.means = false;
    } else if (name == "covariances") {
      free.covariances = false;
    } else {
      throw InputError("--fix " + name + ": start, transitions, means and covariances are possible");
    }
  }
  return free;
}

FitSettings settings_of(const FitCommandFlags& flags) {
  if (flags.panel && flags.pooled) throw InputError("--panel and --pooled are two different single models");
  FitSettings settings = fit_settings(flags);
  if (!flags.start.empty()) {
    put_start(flags.shape, flags.start, settings);
  } else {
    put_shape(flags.shape, settings);
    if (settings.restarts == 0) throw InputError("--restarts 0 fits from --start alone, which is not given");
  }
  settings.free = free_beside(flags.fixed);
  put_masks(flags.masks, settings);
  return settings;
}

// One fitted model with what is told of it.
struct Fitted {
  std::string symbol;
  std::size_t bars = 0;
  std::string file, error;
  std::optional<FitResult> result;
  std::optional<RegimeReport> report;
};

bool is_file_name(const std::string& out) {
  return out.ends_with(".json") || out.ends_with(".safetensors");
}

void check_out(const FitCommandFlags& flags, const SeriesInput& input) {
  const bool one = flags.pooled || input.series.size() == 1;
  if (!one && is_file_name(flags.out)) {
    throw InputError("--out " + flags.out + ": " + std::to_string(input.series.size()) +
                     " symbols give a model each, so name a folder; or fit one with --pooled or --panel");
  }
}

std::string file_of(const FitCommandFlags& flags, const std::string& symbol) {
  if (is_file_name(flags.out)) return flags.out;
  const std::string stem = symbol.empty() ? (flags.panel ? "market" : "model") : file_stem_of(symbol);
  return (std::filesystem::path(flags.out) / (stem + ".json")).string();
}

std::vector<const Model*> previous_models(const std::optional<ModelChoice>& choice,
                                          const SeriesInput& input) {
  std::vector<const Model*> models;
  if (!choice) return models;
  for (const auto& one : input.series) models.push_back(choice->find(one.symbol));
  return models;
}

// What the fit begins at and follows knows bars of the same length.
void check_bar_lengths(const FitCommandFlags& flags, const FitSettings& settings, const SeriesInput& input,
                       const std::optional<ModelChoice>& previous) {
  if (settings.start) check_bar_length(std::span(&*settings.start, 1), input, flags.start);
  if (!previous) return;
  std::vector<Model> before;
  for (const Model* model : previous_models(previous, input))
    before.push_back(model == nullptr ? Model{} : *model);
  check_bar_length(before, input, flags.previous);
}

// In groups, so that a person sees it advance; a series' fit does not depend on its group.
std::vector<FitOutcome> fit_all(const cuda::Resources& resources, const SeriesInput& input,
                                const FitSettings& settings, const std::vector<const Model*>& previous,
                                bool show) {
  constexpr std::size_t group = 32;
  const std::vector<Series> series = fit_series(input);
  std::vector<FitOutcome> outcomes;
  std::optional<Progress> progress;
  if (show && series.size() > 1) progress.emplace("fit", std::ssize(series));
  for (std::size_t first = 0; first < series.size(); first += group) {
    const std::size_t count = std::min(group, series.size() - first);
    const auto before = previous.empty() ? std::span<const Model* const>{}
                                         : std::span<const Model* const>(previous).subspan(first, count);
    auto part =
        fit_batch(resources, std::span(series).subspan(first, count), input.columns, settings, before);
    std::ranges::move(part, std::back_inserter(outcomes));
    if (progress) progress->advance(std::ssize(outcomes));
  }
  if (progress) progress->finish();
  return outcomes;
}

// Names the states and says what the bars were like in them.
void complete(const cuda::Resources& resources, const SeriesBatch& batch, double periods, bool relabel,
              Fitted& fitted) {
  Model& model = fitted.result->model;
  const Posteriors smoothed = smoothed_posteriors(resources, std::span(&model, 1), batch);
  std::vector<double> weights(static_cast<std::size_t>(model.states()), 0);
  Measured measured(model);
  for (std::size_t s = 0; s < batch.series.size(); ++s) {
    const std::vector<double>& own = smoothed.probability[s];
    for (std::size_t i = 0; i < own.size(); ++i) weights[i % weights.size()] += own[i];
    measured.add(model, batch.series[s], own);
  }
  relabel ? name_flat_states(model, weights) : number_flat_states(model);
  fitted.report = report_of(fitted.symbol, model, weights, periods);
  measured.put(*fitted.report);
}

std::vector<Fitted> fit_symbols(const FitCommandFlags& flags, const cuda::Resources& resources,
                                const SeriesInput& input, const std::optional<ModelChoice>& previous) {
  auto outcomes = fit_all(resources, input, settings_of(flags), previous_models(previous, input),
                          !flags.source.bars.json);
  const bool relabels = !previous && !settings_of(flags).numbered_by_user();
  const double periods = periods_per_year_of(input);
  const SeriesBatch batch = input.batch();
  const auto bar_seconds = bar_seconds_of_series(input);
  std::vector<Fitted> all;
  for (std::size_t s = 0; s < outcomes.size(); ++s) {
    Fitted one{input.series[s].symbol, input.series[s].rows.size(),   "",
               outcomes[s].error,      std::move(outcomes[s].result), {}};
    if (one.result) {
      const SeriesBatch alone{batch.kind, {batch.series[s]}, {batch.names[s]}};
      one.result->model.bar_seconds = bar_seconds[s];
      complete(resources, alone, periods, relabels, one);
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Fitted> fit_shared(const FitCommandFlags& flags, const cuda::Resources& resources,
                               const SeriesInput& input, const std::optional<ModelChoice>& previous) {
  if (previous && previous->by_symbol.size() > 1) {
    throw InputError("--previous " + flags.previous +
                     ": a folder of several models; one model of all symbols " + "follows one");
  }
  const Model* before = previous ? &previous->any() : nullptr;
  const bool relabels = !previous && !settings_of(flags).numbered_by_user();
  Fitted one{"", input.table.rows, "", "", {}, {}};
  one.result = fit_pooled(resources, fit_series(input), input.columns, settings_of(flags), before);
  one.result->model.bar_seconds = bar_seconds_of_all(input);
  complete(resources, input.batch(), periods_per_year_of(input), relabels, one);
  std::vector<Fitted> all;
  all.push_back(std::move(one));
  return all;
}

void write_models(const FitCommandFlags& flags, std::vector<Fitted>& all) {
  if (flags.out.empty()) return;
  if (!is_file_name(flags.out)) market::make_folder(flags.out);
  for (auto& one : all) {
    if (!one.result) continue;
    one.file = file_of(flags, one.symbol);
    write_model(one.result->model, one.file);
  }
}

ordered_json fitted_json(const Fitted& one) {
  ordered_json out;
  if (!one.symbol.empty()) out["symbol"] = one.symbol;
  if (!one.result) {
    out["error"] = one.error;
    return out;
  }
  out["file"] = one.file.empty() ? ordered_json(nullptr) : ordered_json(one.file);
  out["bars"] = one.bars;
  out["log_likelihood"] = json_number(one.result->log_likelihood);
  out["penalised_log_likelihood"] = json_number(one.result->penalised_log_likelihood);
  out["iterations"] = one.result->iterations;
  out["converged"] = one.result->converged;
  out["failed_restarts"] = one.result->failed_restarts;
  out["model"] = report_json(*one.report);
  return out;
}

void print_fits(const std::vector<Fitted>& all) {
  Table table;
  table.header = {"symbol", "bars", "log-likelihood", "per bar", "iterations", "", ""};
  table.right = {false, true, true, true, true, false, false};
  for (const auto& one : all) {
    if (!one.result) {
      table.rows.push_back({{one.symbol, Colour::bold},
                            {grouped(one.bars)},
                            {""},
                            {""},
                            {""},
                            {"failed", Colour::red},
                            {one.error}});
      continue;
    }
    const FitResult& result = *one.result;
    table.rows.push_back(
        {{one.symbol.empty() ? "model" : one.symbol, Colour::bold},
         {grouped(one.bars)},
         {digits(result.log_likelihood, 8)},
         {digits(result.log_likelihood / static_cast<double>(one.bars), 5)},
         {std::to_string(result.iterations)},
         {result.converged ? "converged" : "stopped", result.converged ? Colour::green : Colour::yellow},
         {one.file}});
  }
  std::cout << table.text();
  std::size_t shown = 0;
  for (const auto& one : all) {
    if (!one.result || shown++ == symbols_shown) continue;
    if (shown > symbols_shown) break;
    std::cout << '\n' << report_text(*one.report);
  }
  if (all.size() > symbols_shown) std::cout << "\n  regent hmm describe shows the regimes of the others\n";
}

void throw_if_none(const std::vector<Fitted>& all) {
  for (const auto& one : all) {
    if (one.result) return;
  }
  throw InputError(all.front().error);
}

int run(const FitCommandFlags& flags) {
  const FitSettings settings = settings_of(flags);  // before any file is read
  is_file_name(flags.out) ? check_model_file(flags.out) : check_folder(flags.out);
  const SeriesInput input = read_fit_series(flags);
  check_out(flags, input);
  std::optional<ModelChoice> previous;
  if (!flags.previous.empty()) previous = read_models(flags.previous);
  check_bar_lengths(flags, settings, input, previous);
  const auto resources = cuda::Resources::make(flags.device);
  std::vector<Fitted> all = flags.pooled ? fit_shared(flags, resources, input, previous)
                                         : fit_symbols(flags, resources, input, previous);
  throw_if_none(all);
  write_models(flags, all);
  if (!flags.source.bars.json) {
    print_fits(all);
    return 0;
  }
  auto models = ordered_json::array();
  for (const auto& one : all) models.push_back(fitted_json(one));
  std::cout << ordered_json{{"macros", settings.macros},
                            {"micros", settings.micros},
                            {"features", input.columns},
                            {"emission", name_of(settings.emission)},
                            {"covariance", name_of(settings.covariance)},
                            {"seed", settings.seed},
                            {"models", models}}
                   .dump(2)
            << '\n';
  return 0;
}

}  // namespace

void add_fit_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<FitCommandFlags>();
  CLI::App* command =
      app.add_subcommand("fit", "Fit a model per symbol, or one of the market, or one for all");
  add_fit_flags(*command, *flags);
  add_shape_flags(*command, flags->shape);
  command->add_flag("--pooled", flags->pooled, "One model that all symbols share");
  command
      ->add_option("--start", flags->start,
                   "A model that one of the fits begins at; with --restarts 0 the only one")
      ->type_name("FILE");
  command
      ->add_option(
          "--out", flags->out,
          "FILE.json or FILE.safetensors for one model; a folder, which gets SYMBOL.json, for several")
      ->type_name("PATH");
  command
      ->add_option("--fix", flags->fixed,
                   "Of --start, with commas: start, transitions, means, covariances stay as they are")
      ->type_name("A,B");
  command->add_option("--previous", flags->previous, "The fit before: labels stay where they were")
      ->type_name("PATH");
  command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace regent::hmm
