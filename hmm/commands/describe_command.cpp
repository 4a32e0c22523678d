#include "hmm/commands/describe_command.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/table.hpp"
#include "hmm/commands/decoded.hpp"
#include "hmm/commands/output.hpp"
#include "hmm/stability.hpp"

namespace regent::hmm {
namespace {

using nlohmann::ordered_json;

struct DescribeFlags {
  SourceFlags source;
  std::string model, previous, device = "auto";
  bool normalise = false;
};

struct Change {
  std::string symbol;
  Stability stability;  // over the bars that both models know
};

// What a bar of series `s` is known by under both models: its time where the features were made of bars,
// since each model has its own warm-up; its row in a table, which both read as it stands.
std::vector<std::int64_t> bars_of(const SeriesInput& input, std::size_t s) {
  const auto times = std::ranges::find(input.carried, true, &market::SeriesColumn::is_timestamp);
  const bool made_of_bars = input.table.columns.empty();
  std::vector<std::int64_t> bars;
  for (const std::size_t row : input.series[s].rows) {
    bars.push_back(made_of_bars ? times->integers[row] : static_cast<std::int64_t>(row));
  }
  return bars;
}

std::size_t same_series(const Decoded& before, const std::string& symbol) {
  const auto found = std::ranges::find(before.input.series, symbol, &NamedSeries::symbol);
  if (found != before.input.series.end())
    return static_cast<std::size_t>(found - before.input.series.begin());
  throw InputError(
      "--previous: a model of each symbol and a model of the whole market have no bar in common");
}

Change change_of(const Decoded& now, std::size_t s, const Decoded& before) {
  const std::string& symbol = now.input.series[s].symbol;
  const std::size_t old_s = same_series(before, symbol);
  const auto bars = bars_of(now.input, s), old_bars = bars_of(before.input, old_s);
  std::vector<int> path, old_path;
  for (std::size_t t = 0, old_t = 0; t < bars.size() && old_t < old_bars.size();) {
    if (bars[t] != old_bars[old_t]) {
      ++(bars[t] < old_bars[old_t] ? t : old_t);
      continue;
    }
    path.push_back(now.paths.states[s][t++]);
    old_path.push_back(before.paths.states[old_s][old_t++]);
  }
  if (!path.empty()) return {symbol, stability(before.model(old_s), old_path, now.model(s), path)};
  throw InputError("--previous: the two models have no bar" + (symbol.empty() ? "" : " of " + symbol) +
                   " in common");
}

std::vector<Change> changes(const Decoded& now, const Decoded& before) {
  std::vector<Change> all;
  for (std::size_t s = 0; s < now.input.series.size(); ++s) all.push_back(change_of(now, s, before));
  return all;
}

// Where the bars of each regime went: "calm 12, chaos 3".
std::string moves_text(const Stability& of, std::size_t from) {
  std::string text;
  for (std::size_t to = 0; to < of.labels.size(); ++to) {
    const std::int64_t bars = of.bars[from * of.labels.size() + to];
    if (to == from || bars == 0) continue;
    text += (text.empty() ? "" : ", ") + of.labels[to] + " " + grouped(static_cast<std::size_t>(bars));
  }
  return text;
}

std::string changes_text(const std::vector<Change>& all) {
  Table table;
  table.header = {"symbol", "bars", "other regime than before", "", "which"};
  table.right = {false, true, true, true, false};
  for (const auto& [symbol, of] : all) {
    std::string moves;
    for (std::size_t from = 0; from < of.labels.size(); ++from) {
      const std::string where = moves_text(of, from);
      if (!where.empty()) moves += (moves.empty() ? "" : "; ") + of.labels[from] + " to " + where;
    }
    table.rows.push_back({{symbol.empty() ? "all" : symbol, Colour::bold},
                          {grouped(static_cast<std::size_t>(of.all()))},
                          {grouped(static_cast<std::size_t>(of.changed()))},
                          {percent(of.share())},
                          {moves}});
  }
  return table.text();
}

// {"calm": {"calm": 500, "chaos": 3}, …}: rows are the regimes before.
ordered_json moves_json(const Stability& of) {
  ordered_json moves = ordered_json::object();
  for (std::size_t from = 0; from < of.labels.size(); ++from) {
    for (std::size_t to = 0; to < of.labels.size(); ++to) {
      const std::int64_t bars = of.bars[from * of.labels.size() + to];
      if (bars > 0) moves[of.labels[from]][of.labels[to]] = bars;
    }
  }
  return moves;
}

ordered_json changes_json(const std::vector<Change>& all) {
  auto list = ordered_json::array();
  for (const auto& [symbol, of] : all) {
    ordered_json change;
    if (!symbol.empty()) change["symbol"] = symbol;
    change["bars"] = of.all();
    change["changed"] = of.changed();
    change["share"] = of.share();
    change["moves"] = moves_json(of);
    if (of.impossible > 0) change["impossible"] = of.impossible;
    list.push_back(std::move(change));
  }
  return list;
}

int describe(const DescribeFlags& flags) {
  const ModelChoice choice = read_models(flags.model, {.normalise_rows = flags.normalise});
  std::vector<RegimeReport> reports;
  std::vector<Change> changed;
  if (!flags.source.any()) {
    if (!flags.previous.empty()) throw InputError("--previous compares regimes on data: name bars or --data");
    for (const auto& [symbol, model] : choice.by_symbol)
      reports.push_back(report_of(symbol, model, {}, std::nan("")));
  } else {
    const Decoded decoded = decode_series(flags.source, choice, flags.model, flags.device);
    reports = reports_of(decoded, decoded.models.size() == 1);
    if (!flags.previous.empty()) {
      changed = changes(
          decoded, decode_series(flags.source, read_models(flags.previous), flags.previous, flags.device));
    }
  }
  if (!flags.source.bars.json) {
    for (std::size_t i = 0; i < reports.size(); ++i)
      std::cout << (i == 0 ? "" : "\n") << report_text(reports[i]);
    if (!changed.empty()) std::cout << '\n' << changes_text(changed);
    return 0;
  }
  auto models = ordered_json::array();
  for (const auto& report : reports) models.push_back(report_json(report));
  ordered_json out = {{"models", models}};
  if (!changed.empty()) out["changed"] = changes_json(changed);
  std::cout << out.dump(2) << '\n';
  return 0;
}

struct ConvertFlags {
  std::string model, out;
  bool normalise = false;
};

}  // namespace

void add_describe_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<DescribeFlags>();
  CLI::App* command = app.add_subcommand(
      "describe",
      "Regimes with share of time, duration, drift, volatility and transitions; alone or on data");
  command->add_option("--model", flags->model, "The regime model, or a folder of a model per symbol")
      ->type_name("FILE")
      ->required();
  add_source_flags(*command, flags->source, true);
  command
      ->add_option("--previous", flags->previous,
                   "The fit before: how much of the data has another regime now")
      ->type_name("FILE");
  command->add_flag("--normalise", flags->normalise, "Divide rows that are off by at most 0.01 by their sum");
  command->callback([flags, &body] { body = [flags] { return describe(*flags); }; });
}

void add_convert_command(CLI::App& app, std::function<int()>& body) {
  auto flags = std::make_shared<ConvertFlags>();
  CLI::App* command = app.add_subcommand("convert", "A model file in the other form: JSON, safetensors");
  command->add_option("model", flags->model, "The regime model")->type_name("FILE")->required();
  command->add_option("--out", flags->out, "FILE.json or FILE.safetensors")
      ->type_name(written_model)
      ->required();
  command->add_flag("--normalise", flags->normalise, "Divide rows that are off by at most 0.01 by their sum");
  command->callback([flags, &body] {
    body = [flags] {
      check_model_file(flags->out);
      write_model(read_model(flags->model, {.normalise_rows = flags->normalise}), flags->out);
      std::cout << "  " << coloured("wrote", Colour::green) << ' ' << flags->out << '\n';
      return 0;
    };
  });
}

}  // namespace regent::hmm
