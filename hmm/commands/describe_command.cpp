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

namespace regent::hmm {
namespace {

using nlohmann::ordered_json;

struct DescribeFlags {
  SourceFlags source;
  std::string model, previous, device = "auto";
  bool normalise = false;
};

// How much of the history that both models know has another regime under the fit before: bars whose most
// probable regime changed.
struct Change {
  std::string symbol;
  std::size_t bars = 0, changed = 0;
  double share() const { return static_cast<double>(changed) / static_cast<double>(bars); }
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
  const Model &new_model = now.model(s), &old_model = before.model(old_s);
  const auto bars = bars_of(now.input, s), old_bars = bars_of(before.input, old_s);
  Change change{symbol, 0, 0};
  for (std::size_t t = 0, old_t = 0; t < bars.size() && old_t < old_bars.size();) {
    if (bars[t] != old_bars[old_t]) {
      ++(bars[t] < old_bars[old_t] ? t : old_t);
      continue;
    }
    const int k = now.paths.states[s][t++], old_k = before.paths.states[old_s][old_t++];
    const bool same = k >= 0 && old_k >= 0 &&
                      label_of_regime(new_model, regime_of_state(new_model, k)) ==
                          label_of_regime(old_model, regime_of_state(old_model, old_k));
    ++change.bars;
    change.changed += same ? 0 : 1;
  }
  if (change.bars > 0) return change;
  throw InputError("--previous: the two models have no bar" + (symbol.empty() ? "" : " of " + symbol) +
                   " in common");
}

std::vector<Change> changes(const Decoded& now, const Decoded& before) {
  std::vector<Change> all;
  for (std::size_t s = 0; s < now.input.series.size(); ++s) all.push_back(change_of(now, s, before));
  return all;
}

std::string changes_text(const std::vector<Change>& all) {
  Table table;
  table.header = {"symbol", "bars", "other regime than before", ""};
  table.right = {false, true, true, true};
  for (const auto& one : all) {
    table.rows.push_back({{one.symbol.empty() ? "all" : one.symbol, Colour::bold},
                          {grouped(one.bars)},
                          {grouped(one.changed)},
                          {percent(one.share())}});
  }
  return table.text();
}

ordered_json changes_json(const std::vector<Change>& all) {
  auto list = ordered_json::array();
  for (const auto& one : all) {
    ordered_json change;
    if (!one.symbol.empty()) change["symbol"] = one.symbol;
    change["bars"] = one.bars;
    change["changed"] = one.changed;
    change["share"] = one.share();
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
  command->add_option("--out", flags->out, "FILE.json or FILE.safetensors")->type_name("FILE")->required();
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
