#include "hmm/commands/select_command.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/atomic_file.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "base/table.hpp"
#include "base/terminal.hpp"
#include "hmm/commands/fit_flags.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/selection.hpp"

namespace regent::hmm {
namespace {

using nlohmann::ordered_json;

struct SelectFlags : FitFlags {
  std::string states, macros, micros, emissions = "gaussian", covariances = "full", components = "2", out;
  double held_out = 0.2;
};

// One candidate, its criteria summed over the series, each with a model of its own.
struct Candidate {
  std::string name;
  FitSettings settings;
  int parameters = 0;
  std::int64_t bars = 0;
  double log_likelihood = 0, aic = 0, aicc = 0, bic = 0, hqic = 0;
  double held_out = 0;  // log-likelihood per bar, weighted by the series' bars
  bool converged = true;
  std::string error;
};

std::vector<int> counts(const std::string& list, const char* flag) {
  std::vector<int> numbers;
  for (const auto& text : split_names(list)) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 32) {
      throw InputError(std::string(flag) + " " + list + ": \"" + text + "\" is no number from 1 to 32");
    }
    numbers.push_back(value);
  }
  return numbers;
}

struct Shape {
  int macros, micros;
};

std::vector<Shape> shapes_of(const SelectFlags& flags) {
  std::vector<Shape> shapes;
  const bool named = !flags.states.empty() || !flags.macros.empty() || !flags.micros.empty();
  if (flags.macros.empty() != flags.micros.empty()) {
    throw InputError("--macros and --micros go together: every pair of them is a candidate");
  }
  for (const int states : counts(named ? flags.states : "1,2,3,4,5", "--states"))
    shapes.push_back({1, states});
  for (const int macros : counts(named ? flags.macros : "2,3", "--macros")) {
    for (const int micros : counts(named ? flags.micros : "2,3", "--micros")) {
      if (macros > 1 && macros * micros <= 32) shapes.push_back({macros, micros});
    }
  }
  if (shapes.empty())
    throw InputError(
        "no candidate: --states names flat models, --macros (from 2 on) and "
        "--micros hierarchies of at most 32 states");
  return shapes;
}

std::string name_of_candidate(const FitSettings& settings) {
  std::string name = settings.macros == 1
                         ? std::to_string(settings.micros)
                         : std::to_string(settings.macros) + "×" + std::to_string(settings.micros);
  if (settings.emission == EmissionKind::student_t) name += " t";
  if (settings.emission == EmissionKind::mixture) name += " mix" + std::to_string(settings.components);
  if (settings.covariance != CovarianceKind::full) name += " " + std::string(name_of(settings.covariance));
  return name;
}

std::vector<FitSettings> candidates_of(const SelectFlags& flags) {
  const FitSettings base = fit_settings(flags);
  std::vector<FitSettings> all;
  for (const Shape& shape : shapes_of(flags)) {
    for (const auto& emission : split_names(flags.emissions)) {
      const EmissionKind kind = emission_named(emission);
      const auto components =
          kind == EmissionKind::mixture ? counts(flags.components, "--components") : std::vector{1};
      for (const int count : components) {
        if (shape.macros * shape.micros * count > 32) continue;
        for (const auto& covariance : split_names(flags.covariances)) {
          FitSettings settings = base;
          settings.macros = shape.macros;
          settings.micros = shape.micros;
          settings.emission = kind;
          settings.components = count;
          settings.covariance = covariance_named(covariance);
          all.push_back(settings);
        }
      }
    }
  }
  return all;
}

void add(Candidate& candidate, const SelectionRow& row, const std::string& series) {
  if (!row.error.empty()) {
    candidate.error = (series.empty() ? "" : series + ": ") + row.error;
    return;
  }
  candidate.parameters += row.parameters;
  candidate.held_out += static_cast<double>(row.bars) * row.held_out_log_likelihood;
  candidate.bars += row.bars;
  candidate.log_likelihood += row.log_likelihood;
  candidate.aic += row.criteria.aic;
  candidate.aicc += row.criteria.aicc;
  candidate.bic += row.criteria.bic;
  candidate.hqic += row.criteria.hqic;
  candidate.converged = candidate.converged && row.converged;
}

std::vector<Candidate> judged(const SelectFlags& flags, const SeriesInput& input,
                              const std::vector<FitSettings>& settings) {
  const auto resources = cuda::Resources::make(flags.device);
  std::vector<Candidate> candidates;
  for (const auto& one : settings) candidates.push_back({.name = name_of_candidate(one), .settings = one});
  Progress progress("select", std::ssize(settings) * std::ssize(input.series));
  std::int64_t done = 0;
  for (const auto& series : input.series) {
    for (std::size_t c = 0; c < settings.size(); ++c) {
      const auto rows =
          select(resources, series.values, input.columns, std::span(settings).subspan(c, 1), flags.held_out);
      add(candidates[c], rows.front(), series.symbol);
      progress.advance(++done, candidates[c].name);
    }
  }
  progress.finish();
  for (auto& candidate : candidates) candidate.held_out /= static_cast<double>(candidate.bars);
  return candidates;
}

using Value = double Candidate::*;

// Position of the best candidate without an error; -1: none.
std::ptrdiff_t best_of(const std::vector<Candidate>& all, Value value, bool largest) {
  std::ptrdiff_t best = -1;
  for (std::ptrdiff_t i = 0; i < std::ssize(all); ++i) {
    if (!all[i].error.empty() || std::isnan(all[i].*value)) continue;
    const bool better =
        best < 0 || (largest ? all[i].*value > all[best].*value : all[i].*value < all[best].*value);
    if (better) best = i;
  }
  return best;
}

struct TableColumn {
  const char *name, *key;
  Value value;
  bool largest;
};
constexpr TableColumn columns[] = {{"AIC", "aic", &Candidate::aic, false},
                                   {"AICc", "aicc", &Candidate::aicc, false},
                                   {"BIC", "bic", &Candidate::bic, false},
                                   {"HQIC", "hqic", &Candidate::hqic, false},
                                   {"held-out per bar", "held_out", &Candidate::held_out, true}};

void print_candidates(const std::vector<Candidate>& all) {
  Table table;
  table.header = {"states", "parameters", "log-likelihood"};
  table.right = {false, true, true};
  for (const TableColumn& column : columns) {
    table.header.push_back(column.name);
    table.right.push_back(true);
  }
  table.header.push_back("");
  table.right.push_back(false);
  for (std::ptrdiff_t i = 0; i < std::ssize(all); ++i) {
    const Candidate& one = all[static_cast<std::size_t>(i)];
    if (!one.error.empty()) {
      table.rows.push_back({{one.name, Colour::bold},
                            {"–"},
                            {"–"},
                            {"–"},
                            {"–"},
                            {"–"},
                            {"–"},
                            {"–"},
                            {one.error, Colour::red}});
      continue;
    }
    std::vector<Table::Cell> cells{
        {one.name, Colour::bold}, {std::to_string(one.parameters)}, {digits(one.log_likelihood, 8)}};
    for (const TableColumn& column : columns) {
      const bool best = best_of(all, column.value, column.largest) == i;
      cells.push_back(
          {digits(one.*column.value, 7) + (best ? " *" : "  "), best ? Colour::green : Colour::plain});
    }
    cells.push_back({one.converged ? "" : "stopped before it converged", Colour::yellow});
    table.rows.push_back(std::move(cells));
  }
  std::cout << table.text() << "  * best; held-out bars were never fitted to\n";
}

ordered_json selection_json(const std::vector<Candidate>& all, const SeriesInput& input, double held_out) {
  auto list = ordered_json::array();
  for (const auto& one : all) {
    ordered_json row = {{"name", one.name},
                        {"macros", one.settings.macros},
                        {"micros", one.settings.micros},
                        {"emission", name_of(one.settings.emission)},
                        {"components", one.settings.components},
                        {"covariance", name_of(one.settings.covariance)},
                        {"error", one.error.empty() ? ordered_json(nullptr) : ordered_json(one.error)}};
    if (one.error.empty()) {
      row["parameters"] = one.parameters;
      row["log_likelihood"] = json_number(one.log_likelihood);
      for (const TableColumn& column : columns) row[column.key] = json_number(one.*column.value);
      row["converged"] = one.converged;
    }
    list.push_back(std::move(row));
  }
  ordered_json best;
  for (const TableColumn& column : columns) {
    const auto at = best_of(all, column.value, column.largest);
    best[column.key] = at < 0 ? ordered_json(nullptr) : ordered_json(all[static_cast<std::size_t>(at)].name);
  }
  return {{"features", input.columns}, {"series", input.series.size()},
          {"bars", input.table.rows},  {"held_out_share", held_out},
          {"candidates", list},        {"best", best}};
}

int run(const SelectFlags& flags) {
  const auto settings = candidates_of(flags);  // before any file is read
  check_folder(flags.out);
  const SeriesInput input = read_fit_series(flags);
  const auto candidates = judged(flags, input, settings);
  if (best_of(candidates, &Candidate::bic, false) < 0) throw InputError(candidates.front().error);
  const ordered_json said = selection_json(candidates, input, flags.held_out);
  const bool as_json = flags.source.bars.json;
  if (as_json) {
    std::cout << said.dump() << '\n';
  } else {
    print_candidates(candidates);
  }
  if (flags.out.empty()) return 0;
  std::filesystem::create_directories(flags.out);
  write_file_atomically(std::filesystem::path(flags.out) / "selection.json", said.dump(2) + "\n");
  draw("hmm.py", flags.out, as_json);
  return 0;
}

}  // namespace

void add_select_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<SelectFlags>();
  CLI::App* command = app.add_subcommand(
      "select", "Compare numbers of states and emissions: AIC, AICc, BIC, HQIC, held-out bars");
  add_fit_flags(*command, *flags);
  command->add_option("--states", flags->states, "Flat candidates (default 1,2,3,4,5 when no shape is named)")
      ->type_name("K,K");
  command->add_option("--macros", flags->macros, "Hierarchies: every pair with --micros (default 2,3)")
      ->type_name("M,M");
  command->add_option("--micros", flags->micros, "Micro states of each macro regime (default 2,3)")
      ->type_name("m,m");
  command->add_option("--emission", flags->emissions, "gaussian, student_t, mixture; with commas")
      ->capture_default_str();
  command->add_option("--components", flags->components, "Of mixtures; with commas")->capture_default_str();
  command->add_option("--covariance", flags->covariances, "full, diagonal, tied, spherical; with commas")
      ->capture_default_str();
  command
      ->add_option("--held-out", flags->held_out, "Share of the bars, the last ones, that are scored unseen")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command->add_option("--out", flags->out, "Folder for selection.json and selection.png")
      ->type_name("FOLDER");
  command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace regent::hmm
