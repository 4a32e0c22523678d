#include "hmm/commands/fit_flags.hpp"

#include <cstdio>
#include <iostream>

#include "base/error.hpp"
#include "hmm/model_file.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/layout.hpp"

namespace regent::hmm {
namespace {

FitSettings configured(const Config& config) {
  FitSettings settings;
  settings.macros = static_cast<int>(config.integer("hmm.macros"));
  settings.micros = static_cast<int>(config.integer("hmm.micros"));
  settings.restarts = static_cast<int>(config.integer("hmm.restarts"));
  settings.iterations_max = static_cast<int>(config.integer("hmm.iterations_max"));
  settings.tolerance = config.real("hmm.tolerance");
  settings.covariance_floor = config.real("hmm.covariance_floor");
  settings.dirichlet = config.real("hmm.dirichlet");
  settings.sticky = config.real("hmm.sticky");
  settings.inverse_wishart_strength = config.real("hmm.inverse_wishart_strength");
  settings.seed = static_cast<std::uint64_t>(config.integer("runtime.seed"));
  return settings;
}

bool is_numeric(const market::SeriesColumn& column) {
  if (column.is_timestamp || market::is_time_name(column.name) || market::is_symbol_name(column.name))
    return false;
  bool any = column.texts.empty();
  for (const auto& text : column.texts) {
    const bool number = market::number_from_text(text).has_value();
    if (!number && !market::is_missing_text(text)) return false;
    any = any || number;
  }
  return any;
}

// The columns that regent hmm sample writes beside features.
bool is_beside_features(const std::string& name) {
  return name == "bar" || name == "true_state";
}

void say_left_out(const std::string& file, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : " and ") + name;
  std::cerr << file << ": not fitted to: " << list << "; --features names what is\n";
}

std::vector<std::string> numeric_columns(const std::string& file) {
  std::vector<std::string> names, left_out;
  for (const auto& column : market::read_series(file).columns) {
    if (is_numeric(column)) (is_beside_features(column.name) ? left_out : names).push_back(column.name);
  }
  say_left_out(file, left_out);
  if (names.empty()) throw InputError(file + ": no column of numbers to fit; name them with --features");
  return names;
}

std::vector<std::string> features_of(const FitFlags& flags) {
  auto named = split_names(flags.features);
  if (!named.empty()) return named;
  if (!flags.source.data.empty()) return numeric_columns(flags.source.data);
  if (flags.panel) return {"market_return", "market_volatility_5", "market_volatility_21"};
  return {"log_return", "realised_volatility_21"};
}

}  // namespace

void add_fit_flags(CLI::App& command, FitFlags& flags) {
  add_source_flags(command, flags.source, false);
  command
      .add_option("--features", flags.features,
                  "With commas: columns of --data, features of the bars, or of the whole market (market_…)")
      ->type_name("A,B");
  command.add_flag("--panel", flags.panel, "One model of the whole market instead of one per symbol");
  command.add_option("--restarts", flags.restarts, "Fits from different starts; the best is kept")
      ->check(CLI::Range(0, 4096));
  command.add_option("--seed", flags.seed, "Of the starts")->check(CLI::NonNegativeNumber);
  command
      .add_option("--precision", flags.precision, "Of the E-steps: float is enough for all but comparisons")
      ->check(CLI::IsMember({"double", "float"}))
      ->capture_default_str();
  command.add_option("--device", flags.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command
      .add_option(
          "--forbid", flags.masks.forbidden,
          "Moves that never happen, FROM:TO with commas, between macro regimes or a flat model's states")
      ->type_name("0:2,…");
  command.add_flag("--left-right", flags.masks.left_right, "Only moves to the same or a higher number");
}

void add_shape_flags(CLI::App& command, ShapeFlags& flags) {
  command.add_option("--states", flags.states, "States of a flat model")->check(CLI::Range(1, 32));
  command.add_option("--macros", flags.macros, "Macro regimes of a hierarchy")->check(CLI::Range(1, 32));
  command.add_option("--micros", flags.micros, "Micro states of each macro regime")->check(CLI::Range(1, 32));
  command.add_option("--emission", flags.emission, "Law of a bar: gaussian (default), student_t or mixture")
      ->check(CLI::IsMember({"gaussian", "student_t", "mixture"}));
  command.add_option("--components", flags.components, "Gaussians of each state of a mixture (default 2)")
      ->check(CLI::Range(1, 32));
  command
      .add_option("--covariance", flags.covariance,
                  "full (default), diagonal, tied (one for all states) or spherical")
      ->check(CLI::IsMember({"full", "diagonal", "tied", "spherical"}));
}

void put_masks(const MaskFlags& flags, FitSettings& settings) {
  if (!flags.left_right && flags.forbidden.empty()) return;
  const int count = settings.macros > 1 ? settings.macros : settings.micros;
  std::vector<std::uint8_t> allowed(static_cast<std::size_t>(count) * count, 1);
  for (int from = 0; flags.left_right && from < count; ++from) {
    for (int to = 0; to < from; ++to) allowed[from * count + to] = 0;
  }
  for (const auto& move : split_names(flags.forbidden)) {
    int from = -1, to = -1, used = 0;
    const bool read = std::sscanf(move.c_str(), "%d:%d%n", &from, &to, &used) == 2;
    if (!read || used != static_cast<int>(move.size()) || from < 0 || to < 0 || from >= count ||
        to >= count) {
      throw InputError("--forbid " + move + ": expected FROM:TO with numbers from 0 to " +
                       std::to_string(count - 1));
    }
    allowed[from * count + to] = 0;
  }
  (settings.macros > 1 ? settings.allowed_macro : settings.allowed_micro) = std::move(allowed);
}

EmissionKind emission_named(const std::string& name) {
  for (const EmissionKind kind : {EmissionKind::gaussian, EmissionKind::student_t, EmissionKind::mixture}) {
    if (name == name_of(kind)) return kind;
  }
  throw InputError("emission \"" + name + "\": gaussian, student_t and mixture are possible");
}

CovarianceKind covariance_named(const std::string& name) {
  if (const auto kind = covariance_kind(name)) return *kind;
  throw InputError("covariance \"" + name + "\": full, diagonal, tied and spherical are possible");
}

FitSettings fit_settings(const FitFlags& flags) {
  FitSettings settings = configured(load_config(flags.source.bars.common));
  if (flags.restarts >= 0) settings.restarts = flags.restarts;
  if (flags.seed >= 0) settings.seed = static_cast<std::uint64_t>(flags.seed);
  settings.double_precision = flags.precision == "double";
  return settings;
}

void put_shape(const ShapeFlags& flags, FitSettings& settings) {
  if (flags.states > 0 && (flags.macros > 0 || flags.micros > 0)) {
    throw InputError("--states is for a flat model, --macros and --micros are for a hierarchy: not both");
  }
  if (flags.macros > 0) settings.macros = flags.macros;
  if (flags.micros > 0) settings.micros = flags.micros;
  if (flags.states > 0) {
    settings.macros = 1;
    settings.micros = flags.states;
  }
  if (!flags.emission.empty()) settings.emission = emission_named(flags.emission);
  if (!flags.covariance.empty()) settings.covariance = covariance_named(flags.covariance);
  const bool mixture = settings.emission == EmissionKind::mixture;
  if (flags.components > 1 && !mixture) throw InputError("--components is for --emission mixture");
  settings.components = !mixture ? 1 : flags.components > 0 ? flags.components : 2;
}

void put_start(const ShapeFlags& flags, const std::string& file, FitSettings& settings) {
  settings.start = read_model(file);
  const Model& model = *settings.start;
  const auto agree = [&](const char* flag, const std::string& said, const std::string& has) {
    if (said.empty() || said == "0" || said == has) return;
    throw InputError(std::string(flag) + " " + said + ", but " + file + " of --start has " + has +
                     ": a fit has the shape of the model that it begins at; leave " + flag + " out");
  };
  const std::string micros = std::to_string(model.micros);
  agree("--states", std::to_string(flags.states),
        model.macros == 1 ? micros : std::to_string(model.macros) + "×" + micros);
  agree("--macros", std::to_string(flags.macros), std::to_string(model.macros));
  agree("--micros", std::to_string(flags.micros), micros);
  agree("--emission", flags.emission, std::string(name_of(model.emission)));
  agree("--components", std::to_string(flags.components), std::to_string(model.components));
  settings.macros = model.macros;
  settings.micros = model.micros;
  settings.emission = model.emission;
  settings.components = model.components;
  settings.covariance = flags.covariance.empty() ? model.covariance : covariance_named(flags.covariance);
}

std::vector<Series> fit_series(const SeriesInput& input) {
  std::vector<Series> series;
  for (const auto& one : input.series) {
    series.push_back(
        {.name = one.symbol.empty() ? input.table.file : one.symbol, .observations = one.values});
  }
  return series;
}

SeriesInput read_fit_series(const FitFlags& flags) {
  if (flags.panel && !flags.source.data.empty()) {
    throw InputError("--panel makes its features from bars; a table given with --data is taken as it is");
  }
  return read_feature_series(flags.source, features_of(flags));
}

}  // namespace regent::hmm
