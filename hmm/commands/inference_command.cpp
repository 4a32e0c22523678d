#include "hmm/commands/inference_command.hpp"

#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/table.hpp"
#include "hmm/commands/model_choice.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/commands/series_source.hpp"
#include "hmm/order_free_sum.hpp"
#include "hmm/summary.hpp"

namespace regent::hmm {
namespace {

using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr std::size_t rows_shown = 12;

enum class Verb { score, filter, smooth, decode };

struct InferenceFlags {
  Verb verb = Verb::score;
  SourceFlags source;
  std::string model, precision = "double", device = "auto", out;
  bool normalise = false;
};

// What the verb said of every series; `posteriors` or `paths` is filled.
struct Answer {
  std::vector<Model> models;  // one, or one per series
  SeriesInput input;
  std::vector<double> log_likelihood;  // [series]
  Posteriors posteriors;
  Paths paths;
  const Model& model(std::size_t series) const { return models[models.size() == 1 ? 0 : series]; }
  double total() const { return order_free_sum(log_likelihood); }
};

Answer answer(const InferenceFlags& flags) {
  const ModelChoice choice = read_models(flags.model, {.normalise_rows = flags.normalise});
  Answer answer;
  answer.input = read_model_series(flags.source, choice.any(), flags.model);
  answer.models = choice.for_series(answer.input, flags.model);
  const auto resources = cuda::Resources::make(flags.device);
  const auto precision = flags.precision == "float" ? Precision::single : Precision::double_;
  const SeriesBatch batch = answer.input.batch();
  switch (flags.verb) {
    case Verb::score:
      answer.log_likelihood = log_likelihoods(resources, answer.models, batch, precision);
      break;
    case Verb::filter:
      answer.posteriors = filtered_posteriors(resources, answer.models, batch, precision);
      answer.log_likelihood = answer.posteriors.log_likelihood;
      break;
    case Verb::smooth:
      answer.posteriors = smoothed_posteriors(resources, answer.models, batch, precision);
      answer.log_likelihood = answer.posteriors.log_likelihood;
      break;
    case Verb::decode:
      answer.log_likelihood = log_likelihoods(resources, answer.models, batch, precision);
      answer.paths = most_probable_paths(resources, answer.models, batch, precision);
  }
  return answer;
}

// [rows of the table] from what every series holds, column `column` of `columns`.
std::vector<double> by_row(const Answer& answer, const std::vector<std::vector<double>>& values,
                           std::size_t columns, std::size_t column) {
  std::vector<double> rows(answer.input.table.rows);
  for (std::size_t s = 0; s < values.size(); ++s) {
    const auto& which = answer.input.series[s].rows;
    for (std::size_t i = 0; i < which.size(); ++i) rows[which[i]] = values[s][i * columns + column];
  }
  return rows;
}

void add_posteriors(const Answer& answer, std::vector<SeriesColumn>& columns) {
  const Model& model = answer.model(0);
  const std::size_t states = model.states(), macros = model.macros;
  for (std::size_t k = 0; k < states; ++k) {
    columns.push_back({.name = "p_" + std::to_string(k),
                       .reals = by_row(answer, answer.posteriors.probability, states, k)});
  }
  if (model.macros == 1) return;
  std::vector<std::vector<double>> macro;
  for (const auto& one : answer.posteriors.probability) macro.push_back(macro_probability(model, one));
  for (std::size_t i = 0; i < macros; ++i) {
    columns.push_back({.name = "macro_" + std::to_string(i), .reals = by_row(answer, macro, macros, i)});
  }
}

void add_path(const Answer& answer, std::vector<SeriesColumn>& columns) {
  const std::size_t rows = answer.input.table.rows;
  SeriesColumn state{.name = "state", .integers = std::vector<std::int64_t>(rows)};
  SeriesColumn macro{.name = "macro", .integers = std::vector<std::int64_t>(rows)};
  SeriesColumn label{.name = "label", .texts = std::vector<std::string>(rows)};
  for (std::size_t s = 0; s < answer.input.series.size(); ++s) {
    const Model& model = answer.model(s);
    const auto& which = answer.input.series[s].rows;
    for (std::size_t i = 0; i < which.size(); ++i) {
      const int k = answer.paths.states[s][i];
      state.integers[which[i]] = k;
      macro.integers[which[i]] = k < 0 ? -1 : k / model.micros;
      if (k >= 0) label.texts[which[i]] = label_of_regime(model, regime_of_state(model, k));
    }
  }
  columns.push_back(std::move(state));
  if (answer.model(0).macros > 1) columns.push_back(std::move(macro));
  columns.push_back(std::move(label));
}

std::vector<SeriesColumn> result_columns(const Answer& answer, Verb verb) {
  std::vector<SeriesColumn> columns;
  if (verb == Verb::score) {
    SeriesColumn symbols{.name = "symbol"}, rows{.name = "rows"};
    for (const auto& one : answer.input.series) {
      symbols.texts.push_back(one.symbol);
      rows.integers.push_back(std::ssize(one.rows));
    }
    if (answer.input.has_symbols()) columns.push_back(symbols);
    columns.push_back(rows);
    columns.push_back({.name = "log_likelihood", .reals = answer.log_likelihood});
    return columns;
  }
  verb == Verb::decode ? add_path(answer, columns) : add_posteriors(answer, columns);
  return carried_and(answer.input.carried, std::move(columns));
}

ordered_json rows_json(const std::vector<double>& values, std::size_t columns) {
  auto rows = ordered_json::array();
  for (std::size_t first = 0; first < values.size(); first += columns) {
    auto row = ordered_json::array();
    for (std::size_t c = 0; c < columns; ++c) row.push_back(json_number(values[first + c]));
    rows.push_back(std::move(row));
  }
  return rows;
}

// What one series has to say.
void put_series(const Answer& answer, std::size_t s, Verb verb, ordered_json& out) {
  const Model& model = answer.model(s);
  if (verb == Verb::decode) {
    out["log_probability"] = json_number(answer.paths.log_probability[s]);
    out["path"] = answer.paths.states[s];
    if (model.macros == 1) return;
    auto macros = ordered_json::array();
    for (const int k : answer.paths.states[s]) macros.push_back(k < 0 ? -1 : k / model.micros);
    out["macro_path"] = macros;
  } else if (verb != Verb::score) {
    const auto& values = answer.posteriors.probability[s];
    out["posteriors"] = rows_json(values, model.states());
    if (model.macros > 1) out["macro_posteriors"] = rows_json(macro_probability(model, values), model.macros);
  }
}

std::vector<std::string> labels_of(const Model& model) {
  std::vector<std::string> labels;
  for (int i = 0; i < regimes_of(model); ++i) labels.push_back(label_of_regime(model, i));
  return labels;
}

ordered_json answer_json(const Answer& answer, const InferenceFlags& flags) {
  const Model& model = answer.model(0);
  ordered_json out = {{"log_likelihood", json_number(answer.total())},
                      {"rows", answer.input.table.rows},
                      {"states", model.states()},
                      {"labels", labels_of(model)},
                      {"precision", flags.precision}};
  if (!answer.input.has_symbols()) {
    put_series(answer, 0, flags.verb, out);
    return out;
  }
  out["series"] = ordered_json::array();
  for (std::size_t s = 0; s < answer.input.series.size(); ++s) {
    ordered_json one = {{"symbol", answer.input.series[s].symbol},
                        {"rows", answer.input.series[s].rows.size()},
                        {"log_likelihood", json_number(answer.log_likelihood[s])}};
    put_series(answer, s, flags.verb, one);
    out["series"].push_back(std::move(one));
  }
  return out;
}

void print_scores(const Answer& answer) {
  Table table;
  table.header = {"symbol", "rows", "log-likelihood", "per row"};
  table.right = {false, true, true, true};
  const auto add = [&](const std::string& name, std::size_t rows, double value) {
    table.rows.push_back({{name, Colour::bold},
                          {grouped(rows)},
                          {digits(value, 12)},
                          {digits(value / static_cast<double>(rows), 6)}});
  };
  for (std::size_t s = 0; s < answer.input.series.size(); ++s) {
    if (!answer.input.has_symbols()) break;
    add(answer.input.series[s].symbol, answer.input.series[s].rows.size(), answer.log_likelihood[s]);
  }
  add("total", answer.input.table.rows, answer.total());
  std::cout << table.text();
}

// The first rows, so that a small example can be read at once.
void print_rows(const std::vector<SeriesColumn>& columns, std::size_t rows) {
  Table table;
  const std::size_t shown = std::min(rows, rows_shown);
  for (const auto& column : columns) {
    table.header.push_back(column.name);
    table.right.push_back(column.texts.empty() && !column.is_timestamp);
  }
  for (std::size_t row = 0; row < shown; ++row) {
    std::vector<Table::Cell> cells;
    for (const auto& column : columns) {
      cells.push_back(
          {column.reals.empty() ? market::cell_text_of(column, row) : digits(column.reals[row], 6)});
    }
    table.rows.push_back(std::move(cells));
  }
  std::cout << '\n' << table.text();
  if (shown < rows) {
    std::cout << coloured(
        "  … and " + grouped(rows - shown) + " more rows; --out FILE.csv writes all of them\n", Colour::grey);
  }
}

void print_answer(const Answer& answer, const InferenceFlags& flags) {
  print_scores(answer);
  if (flags.verb == Verb::decode) {
    std::cout << "\n  log-probability of the path and the data together: "
              << digits(order_free_sum(answer.paths.log_probability), 12) << '\n';
  }
  if (answer.total() == -INFINITY) {
    std::cout << coloured(
        "\n  the data are impossible under this model: no path has a positive probability\n", Colour::red);
  }
  if (!flags.out.empty()) {
    std::cout << "\n  " << coloured("wrote", Colour::green) << ' ' << flags.out << '\n';
  } else if (flags.verb != Verb::score) {
    print_rows(result_columns(answer, flags.verb), answer.input.table.rows);
  }
}

int run(const InferenceFlags& flags) {
  check_table_name(flags.out);
  const Answer result = answer(flags);
  if (!flags.out.empty()) market::write_series_file(result_columns(result, flags.verb), flags.out);
  if (flags.source.bars.json) {
    std::cout << answer_json(result, flags).dump() << '\n';
  } else {
    print_answer(result, flags);
  }
  return 0;
}

void add_verb(CLI::App& app, Verb verb, const char* name, const char* help, std::function<int()>& body) {
  auto flags = std::make_shared<InferenceFlags>();
  flags->verb = verb;
  CLI::App* command = app.add_subcommand(name, help);
  command
      ->add_option("--model", flags->model,
                   "The regime model: JSON, safetensors, or a folder of a model per symbol")
      ->type_name("FILE")
      ->required();
  add_source_flags(*command, flags->source, true);
  command->add_option("--precision", flags->precision, "double, or float: 32-bit states, sums in 64 bit")
      ->check(CLI::IsMember({"double", "float"}))
      ->capture_default_str();
  command->add_option("--device", flags->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command->add_option("--out", flags->out, "Write the result, by row: FILE.csv or FILE.parquet")
      ->type_name(written_table);
  command->add_flag("--normalise", flags->normalise,
                    "Divide rows of probabilities that are off by at most 0.01 by their sum");
  command->callback([flags, &body] { body = [flags] { return run(*flags); }; });
}

}  // namespace

void add_inference_commands(CLI::App& app, std::function<int()>& body) {
  add_verb(app, Verb::score, "score", "Log-likelihood of the data, per symbol and in all", body);
  add_verb(app, Verb::filter, "filter", "P(state | bars so far) of every bar, as live use sees it", body);
  add_verb(app, Verb::smooth, "smooth", "P(state | all bars) of every bar", body);
  add_verb(app, Verb::decode, "decode", "The most probable path of states (Viterbi)", body);
}

}  // namespace regent::hmm
