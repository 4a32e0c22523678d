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
#include "cuda/hmm/layout.hpp"
#include "hmm/commands/fit_flags.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/order_free_sum.hpp"
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

// What is fitted, and why the rest of what the flags name is not.
struct Candidates {
  std::vector<FitSettings> fitted;
  std::vector<std::string> refused;
};

// Throws InputError for a flag that names nothing.
std::vector<std::string> named(const std::string& list, const char* flag) {
  auto names = split_names(list);
  if (names.empty()) throw InputError("no candidate: " + std::string(flag) + " \"" + list + "\" names none");
  return names;
}

std::vector<Shape> shapes_of(const SelectFlags& flags) {
  std::vector<Shape> shapes;
  const bool any = !flags.states.empty() || !flags.macros.empty() || !flags.micros.empty();
  if (flags.macros.empty() != flags.micros.empty()) {
    throw InputError("--macros and --micros go together: every pair of them is a candidate");
  }
  for (const int states : counts(any ? flags.states : "1,2,3,4,5", "--states")) shapes.push_back({1, states});
  for (const int macros : counts(any ? flags.macros : "2,3", "--macros")) {
    if (macros == 1)
      throw InputError("--macros 1 is no candidate: one macro regime is a flat model, which --states names");
    for (const int micros : counts(any ? flags.micros : "2,3", "--micros"))
      shapes.push_back({macros, micros});
  }
  if (shapes.empty()) throw InputError("no candidate: --states, or --macros and --micros, name no number");
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

void add_candidate(const SelectFlags& flags, const FitSettings& settings, Candidates& candidates) {
  const std::string name = name_of_candidate(settings);
  const int states = settings.macros * settings.micros;
  if (states * settings.components > cuda::hmm::states_max) {
    const std::string components =
        settings.components == 1 ? "" : " × " + std::to_string(settings.components) + " components";
    candidates.refused.push_back(name + ": " + std::to_string(states) + " states" + components + " exceed " +
                                 std::to_string(cuda::hmm::states_max));
    return;
  }
  FitSettings masked = settings;
  try {
    put_masks(flags.masks, masked);
    candidates.fitted.push_back(std::move(masked));
  } catch (const InputError& error) {
    candidates.refused.push_back(name + ": " + error.what());
  }
}

Candidates candidates_of(const SelectFlags& flags) {
  Candidates candidates;
  FitSettings settings = fit_settings(flags);
  for (const Shape& shape : shapes_of(flags)) {
    settings.macros = shape.macros;
    settings.micros = shape.micros;
    for (const auto& emission : named(flags.emissions, "--emission")) {
      settings.emission = emission_named(emission);
      const bool mixture = settings.emission == EmissionKind::mixture;
      for (const auto& count : named(mixture ? flags.components : "1", "--components")) {
        settings.components = counts(count, "--components").front();
        for (const auto& covariance : named(flags.covariances, "--covariance")) {
          settings.covariance = covariance_named(covariance);
          add_candidate(flags, settings, candidates);
        }
      }
    }
  }
  return candidates;
}

// Throws InputError where no candidate is left.
void say_refused(const Candidates& candidates) {
  std::string list;
  for (const auto& why : candidates.refused) list += (list.empty() ? "" : "; ") + why;
  if (candidates.fitted.empty()) throw InputError("no candidate: " + list);
  if (!list.empty()) std::cerr << "left out: " << list << '\n';
}

// A symbol that no candidate can be fitted to.
struct Unfitted {
  std::string symbol, error;
};

std::string said_of(const Unfitted& one) {
  return (one.symbol.empty() ? "" : one.symbol + ": ") + one.error;
}

struct Judgement {
  std::vector<Candidate> candidates;
  std::vector<Unfitted> unfitted;
  std::size_t series = 0, bars = 0;  // of the others
};

// One candidate over the series that were fitted: rows, a row each.
void sum_up(const std::vector<const SelectionRow*>& rows, const std::vector<std::string>& symbols,
            Candidate& candidate) {
  const auto sum = [&](auto value) {
    std::vector<double> values;
    for (const SelectionRow* row : rows) values.push_back(value(*row));
    return order_free_sum(std::move(values));
  };
  for (std::size_t s = 0; s < rows.size(); ++s) {
    if (!rows[s]->error.empty()) {
      candidate.error = (symbols[s].empty() ? "" : symbols[s] + ": ") + rows[s]->error;
      return;
    }
    candidate.parameters += rows[s]->parameters;
    candidate.bars += rows[s]->bars;
    candidate.converged = candidate.converged && rows[s]->converged;
  }
  candidate.log_likelihood = sum([](const SelectionRow& row) { return row.log_likelihood; });
  candidate.aic = sum([](const SelectionRow& row) { return row.criteria.aic; });
  candidate.aicc = sum([](const SelectionRow& row) { return row.criteria.aicc; });
  candidate.bic = sum([](const SelectionRow& row) { return row.criteria.bic; });
  candidate.hqic = sum([](const SelectionRow& row) { return row.criteria.hqic; });
  candidate.held_out = sum([](const SelectionRow& row) {
                         return static_cast<double>(row.bars) * row.held_out_log_likelihood;
                       }) /
                       static_cast<double>(candidate.bars);
}

// [series][candidates]
std::vector<std::vector<SelectionRow>> fitted_rows(const SelectFlags& flags, const SeriesInput& input,
                                                   const std::vector<FitSettings>& settings) {
  const auto resources = cuda::Resources::make(flags.device);
  Progress progress("select", std::ssize(settings) * std::ssize(input.series));
  std::int64_t done = 0;
  std::vector<std::vector<SelectionRow>> all;
  for (const auto& series : input.series) {
    std::vector<SelectionRow>& rows = all.emplace_back();
    for (const auto& one : settings) {
      rows.push_back(
          select(resources, series.values, input.columns, std::span(&one, 1), flags.held_out).front());
      progress.advance(++done, name_of_candidate(one));
    }
  }
  progress.finish();
  return all;
}

Judgement judged(const SelectFlags& flags, const SeriesInput& input,
                 const std::vector<FitSettings>& settings) {
  const auto all = fitted_rows(flags, input, settings);
  Judgement judgement;
  std::vector<std::size_t> kept;
  for (std::size_t s = 0; s < all.size(); ++s) {
    const auto& symbol = input.series[s].symbol;
    if (std::ranges::all_of(all[s], [](const SelectionRow& row) { return !row.error.empty(); })) {
      judgement.unfitted.push_back({symbol, all[s].front().error});
      continue;
    }
    kept.push_back(s);
    judgement.bars += input.series[s].rows.size();
  }
  judgement.series = kept.size();
  if (kept.empty()) throw InputError(said_of(judgement.unfitted.front()));
  for (std::size_t c = 0; c < settings.size(); ++c) {
    Candidate& candidate = judgement.candidates.emplace_back();
    candidate.name = name_of_candidate(settings[c]);
    candidate.settings = settings[c];
    std::vector<const SelectionRow*> rows;
    std::vector<std::string> symbols;
    for (const std::size_t s : kept) {
      rows.push_back(&all[s][c]);
      symbols.push_back(input.series[s].symbol);
    }
    sum_up(rows, symbols, candidate);
  }
  return judgement;
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

void print_candidates(const Judgement& judgement) {
  const std::vector<Candidate>& all = judgement.candidates;
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
  for (const Unfitted& one : judgement.unfitted) {
    std::cout << "  " << coloured("left out", Colour::red) << ' ' << said_of(one) << '\n';
  }
}

ordered_json selection_json(const Judgement& judgement, const SeriesInput& input, double held_out) {
  const std::vector<Candidate>& all = judgement.candidates;
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
  auto left_out = ordered_json::array();
  for (const Unfitted& one : judgement.unfitted) {
    left_out.push_back({{"symbol", one.symbol}, {"error", one.error}});
  }
  return {{"features", input.columns},
          {"series", judgement.series},
          {"bars", judgement.bars},
          {"held_out_share", held_out},
          {"left_out", left_out},
          {"candidates", list},
          {"best", best}};
}

int run(const SelectFlags& flags) {
  const Candidates candidates = candidates_of(flags);  // before any file is read
  say_refused(candidates);
  check_folder(flags.out);
  const SeriesInput input = read_fit_series(flags);
  const Judgement judgement = judged(flags, input, candidates.fitted);
  if (best_of(judgement.candidates, &Candidate::bic, false) < 0) {
    throw InputError(judgement.candidates.front().error);
  }
  const ordered_json said = selection_json(judgement, input, flags.held_out);
  const bool as_json = flags.source.bars.json;
  if (as_json) {
    std::cout << said.dump() << '\n';
  } else {
    print_candidates(judgement);
  }
  if (flags.out.empty()) return 0;
  market::make_folder(flags.out);
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
