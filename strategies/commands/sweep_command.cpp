#include "strategies/commands/sweep_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <set>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "base/terminal.hpp"
#include "market/io/output.hpp"
#include "market/io/series_file.hpp"
#include "market/performance.hpp"
#include "strategies/commands/regime_series.hpp"
#include "strategies/commands/result_text.hpp"
#include "strategies/commands/sweep_table.hpp"
#include "strategies/grid_file.hpp"

namespace regent::strategies {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t drawn_rows_max = 5'000'000;
constexpr std::size_t grid_bytes_max = std::size_t{1} << 20;

struct SweepFlags {
  TradingFlags trading;
  std::optional<int> blocks, folds, purge_bars;
  std::string strategy, grid, out, plots;
  std::size_t top = 10;
  bool list = false;
};

std::vector<const Family*> families_of(const std::string& names) {
  std::vector<const Family*> families;
  if (names == "all") {
    for (const Family& family : catalogue()) families.push_back(&family);
    return families;
  }
  for (const auto& name : split_names(names)) families.push_back(&family_named(name));
  if (families.empty()) throw InputError("--strategy names no strategy; regent sweep --list shows them");
  return families;
}

// What is swept, and how its time is cut.
struct Grid {
  std::vector<Combinations> all;
  PlanSettings plan;
};

std::vector<Combinations> combinations_of(const SweepFlags& flags) {
  const GridTexts texts = parse_grid(flags.grid);
  const auto families = families_of(flags.strategy.empty() ? "sma_cross" : flags.strategy);
  std::set<std::string> known;
  std::vector<Combinations> all;
  for (const Family* family : families) {
    for (const auto& parameter : all_parameters(*family)) known.insert(parameter.name);
    all.emplace_back(*family, texts, true, families.size() == 1);
  }
  for (const auto& [name, text] : texts) {
    if (!known.contains(name)) throw InputError("--grid " + name + ": no chosen strategy has this parameter");
  }
  return all;
}

// Flags count for more than the file.
Grid grid_of(const SweepFlags& flags) {
  GridFile file;
  if (flags.grid.ends_with(".toml")) {
    if (!flags.strategy.empty())
      throw InputError("--strategy beside --grid " + flags.grid + ": the file names its strategies");
    file = grid_from_toml(read_file(flags.grid, grid_bytes_max), flags.grid);
  } else {
    file.strategies = combinations_of(flags);
  }
  const auto decided = [](std::optional<int> flag, std::optional<int> of_file, int own) {
    return flag.value_or(of_file.value_or(own));
  };
  Grid grid{std::move(file.strategies), {}};
  grid.plan.blocks = decided(flags.blocks, file.blocks, grid.plan.blocks);
  grid.plan.folds = decided(flags.folds, file.folds, grid.plan.folds);
  grid.plan.purge_bars = decided(flags.purge_bars, file.purge_bars, grid.plan.purge_bars);
  std::uint64_t total = 0;
  for (const Combinations& combinations : grid.all) total += combinations.size();
  if (total <= combinations_max) return grid;
  throw InputError(std::to_string(total) + " combinations over all strategies; at most " +
                   std::to_string(combinations_max) + " at once");
}

void find_best(const SweepFlags& flags, const TradableSeries& series, const SweepSettings& settings,
               SymbolResult& result) {
  for (std::size_t f = 0; f < result.families.size(); ++f) {
    for (std::size_t i = 0; i < result.families[f].rows.size(); ++i) {
      if (std::isfinite(result.families[f].rows[i].metrics.sharpe)) result.best.push_back({f, i});
    }
  }
  const std::size_t count = std::min(flags.top, result.best.size());
  const auto better = [&](const Best& a, const Best& b) {
    return result.row(a).metrics.sharpe > result.row(b).metrics.sharpe;
  };
  std::ranges::partial_sort(result.best, result.best.begin() + static_cast<std::ptrdiff_t>(count), better);
  result.best.resize(count);
  for (Best& one : result.best) {
    const auto& combinations = *result.families[one.family].combinations;
    const auto journal = backtest(series, combinations, one.combination, result.plan, settings);
    const auto performance = market::performance_of(journal.net_return, series.periods_per_year);
    one.deflated_sharpe = market::deflated_sharpe(performance, series.periods_per_year, result.trials.count,
                                                  result.trials.variance);
  }
}

SymbolResult sweep_symbol(const SweepFlags& flags, const cuda::Resources& resources,
                          const TradableSeries& series, const Regimes& regimes, const Grid& grid,
                          Progress& progress, std::int64_t& done) {
  SymbolResult result{series.symbol, series.periods_per_year, series.bars(), series.frozen_bars};
  result.plan = time_plan(series.bars(), grid.plan, known_before(regimes), regimes.labels);
  SweepSettings settings{.rules = flags.trading.rules, .allowed = allowed_bars(flags.trading, regimes)};
  settings.progress = [&](std::size_t count) {
    done += static_cast<std::int64_t>(count);
    progress.advance(done, series.symbol);
  };
  result.families = sweep_all(resources, series, grid.all, result.plan, settings);
  result.trials = trials_of(result.families);
  result.overfitting = overfitting_of(result.families, result.plan);
  result.walk_forward = walk_forward(result.families, result.plan, series.periods_per_year);
  find_best(flags, series, settings, result);
  return result;
}

Table best_table(const SymbolResult& result) {
  Table table;
  table.header = {"strategy", "parameters", "return", "Sharpe",   "deflated",   "Sortino",
                  "drawdown", "win",        "factor", "exposure", "turnover/y", "trades"};
  table.right = {false, false, true, true, true, true, true, true, true, true, true, true};
  for (const Best& one : result.best) {
    const Metrics& m = result.row(one).metrics;
    const auto& combinations = *result.families[one.family].combinations;
    const Colour colour = one.deflated_sharpe >= 0.95 ? Colour::green : Colour::plain;
    table.rows.push_back({{combinations.family().name},
                          {combinations.text(one.combination), Colour::bold},
                          {percent(m.total_return)},
                          {digits(m.sharpe, 3)},
                          {digits(one.deflated_sharpe, 3), colour},
                          {digits(m.sortino, 3)},
                          {percent(m.drawdown_max)},
                          {percent(m.win_rate)},
                          {digits(m.profit_factor, 3)},
                          {percent(m.exposure)},
                          {digits(m.turnover, 3)},
                          {digits(m.trades, 6)}});
  }
  return table;
}

std::string regime_text(const SymbolResult& result) {
  if (result.plan.regimes.empty() || result.best.empty()) return "";
  Table table;
  table.header = {"best in regime", "bars", "return/y", "volatility/y", "Sharpe", "exposure"};
  table.right = {false, true, true, true, true, true};
  const Best& best = result.best.front();
  for (std::size_t r = 0; r < result.plan.regimes.size(); ++r) {
    const Sums& sums =
        result.families[best.family].regimes[best.combination * result.plan.regimes.size() + r];
    table.rows.push_back({{result.plan.regimes[r]},
                          {grouped(static_cast<std::size_t>(sums.bars))},
                          {percent(mean_of(sums) * result.periods_per_year)},
                          {percent(volatility_of(sums, result.periods_per_year))},
                          {digits(sharpe_of(sums, result.periods_per_year), 3)},
                          {percent(sums.held / sums.bars)}});
  }
  return table.text() + "\n";
}

std::string fold_text(const SymbolResult& result) {
  if (result.walk_forward.folds.empty()) return "";
  Table table;
  table.header = {"fold", "train bars", "test bars", "best of training", "its Sharpe", "tested"};
  table.right = {true, true, true, false, true, true};
  for (std::size_t k = 0; k < result.walk_forward.folds.size(); ++k) {
    const FoldResult& fold = result.walk_forward.folds[k];
    const auto& combinations = *result.families[fold.family].combinations;
    table.rows.push_back({{std::to_string(k + 1)},
                          {grouped(static_cast<std::size_t>(fold.fold.train.bars()))},
                          {grouped(static_cast<std::size_t>(fold.fold.test.bars()))},
                          {combinations.family().name + " " + combinations.text(fold.combination)},
                          {digits(fold.train_sharpe, 3)},
                          {digits(fold.test_sharpe, 3)}});
  }
  return table.text() + "  all test bars together: Sharpe " + digits(result.walk_forward.sharpe, 3) + "\n\n";
}

std::string text_of(const SymbolResult& result) {
  const Overfitting& o = result.overfitting;
  std::string text = coloured(result.symbol, Colour::bold) + ": " + grouped(result.bars) + " bars, " +
                     grouped(result.trials.count) + " combinations";
  if (result.frozen_bars > 0)
    text += ", " + grouped(result.frozen_bars) + " bars with missing values left out";
  text += "\n" + best_table(result).text() + "\n";
  text += "  probability of backtest overfitting " + percent(o.probability) + " (" + grouped(o.splits) +
          " splits); the best of one half loses in the other in " + percent(o.loss_probability) +
          "\n  deflated: P(true Sharpe ratio is above the best expected of " + grouped(result.trials.count) +
          " trials by luck)\n\n";
  return text + regime_text(result) + fold_text(result);
}

ordered_json json_of(const SymbolResult& result) {
  ordered_json json{{"symbol", result.symbol},
                    {"bars", result.bars},
                    {"frozen_bars", result.frozen_bars},
                    {"periods_per_year", result.periods_per_year},
                    {"trials", result.trials.count},
                    {"trial_sharpe_variance", json_number(result.trials.variance)},
                    {"overfitting_probability", json_number(result.overfitting.probability)},
                    {"overfitting_splits", result.overfitting.splits},
                    {"loss_probability", json_number(result.overfitting.loss_probability)},
                    {"best", ordered_json::array()}};
  for (const Best& one : result.best) {
    const auto& combinations = *result.families[one.family].combinations;
    ordered_json row{{"strategy", combinations.family().name}};
    const auto values = combinations.values(one.combination);
    for (std::size_t p = 0; p < values.size(); ++p)
      row["parameters"][combinations.parameters()[p].name] = values[p];
    row.update(metrics_json(result.row(one).metrics));
    row["deflated_sharpe"] = json_number(one.deflated_sharpe);
    json["best"].push_back(std::move(row));
  }
  if (result.walk_forward.folds.empty()) return json;
  json["walk_forward_sharpe"] = json_number(result.walk_forward.sharpe);
  for (const FoldResult& fold : result.walk_forward.folds) {
    const auto& combinations = *result.families[fold.family].combinations;
    json["folds"].push_back({{"train", {fold.fold.train.first, fold.fold.train.end}},
                             {"test", {fold.fold.test.first, fold.fold.test.end}},
                             {"strategy", combinations.family().name},
                             {"parameters", combinations.text(fold.combination)},
                             {"train_sharpe", json_number(fold.train_sharpe)},
                             {"test_sharpe", json_number(fold.test_sharpe)}});
  }
  return json;
}

int list_families() {
  for (const Family& family : catalogue()) {
    std::cout << coloured(family.name, Colour::bold) << ": " << family.summary << "\n  " << family.formula
              << "\n  (" << family.source << ")\n";
    for (const Parameter& parameter : all_parameters(family)) {
      std::cout << "    " << parameter.name << ": " << parameter.meaning << " (backtest "
                << digits(parameter.fallback, 6) << ", sweep " << parameter.grid << ")\n";
    }
  }
  return 0;
}

TradableSeries series_of(const SweepFlags& flags, const market::Panel& panel, std::size_t symbol,
                         const Grid& grid) {
  const bool volume =
      std::ranges::any_of(grid.all, [](const auto& one) { return needs_volume(one.family()); });
  return tradable_series(panel, symbol, volume, flags.trading.fill == "next-close");
}

// Over all symbols: a file's columns stand before its rows are known.
std::vector<std::string> regime_labels(const SweepFlags& flags, const market::Panel& panel, const Grid& grid,
                                       const RegimeSource& source) {
  std::vector<std::string> labels;
  for (std::size_t s = 0; !flags.trading.model.empty() && s < panel.symbol_count(); ++s) {
    for (const auto& label : source.of(series_of(flags, panel, s, grid)).labels)
      if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  }
  return labels;
}

std::vector<market::SeriesWriter> files_of(const SweepFlags& flags, std::int64_t rows) {
  std::vector<market::SeriesWriter> files;
  if (!flags.out.empty()) files.emplace_back(flags.out);
  if (flags.plots.empty()) return files;
  if (rows > drawn_rows_max)
    throw InputError(std::to_string(rows) + " rows over all symbols; --plots takes at most " +
                     std::to_string(drawn_rows_max) + ", so sweep fewer symbols at once");
  std::filesystem::create_directories(flags.plots);
  files.emplace_back(std::filesystem::path(flags.plots) / "sweep.parquet");
  return files;
}

int run(SweepFlags& flags) {
  if (flags.list) return list_families();
  settle(flags.trading);
  market::check_table_name(flags.out);
  market::check_folder(flags.plots, "--plots");
  const Grid grid = grid_of(flags);
  const auto resources = cuda::Resources::make(flags.trading.device);
  const market::Panel panel = market::read_input(flags.trading.bars);
  const RegimeSource regimes(flags.trading, resources);
  std::int64_t done = 0, total = 0;
  for (const auto& one : grid.all) total += static_cast<std::int64_t>(one.size() * panel.symbol_count());
  Progress progress("sweep", total);
  std::optional<SweepTable> table;
  if (!flags.out.empty() || !flags.plots.empty())
    table.emplace(grid.all, regime_labels(flags, panel, grid, regimes), files_of(flags, total));
  auto json = ordered_json::array();
  std::string text;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const TradableSeries series = series_of(flags, panel, s, grid);
    const SymbolResult result =
        sweep_symbol(flags, resources, series, regimes.of(series), grid, progress, done);
    if (table) table->add(result);
    (flags.trading.bars.json ? (void)json.push_back(json_of(result)) : (void)(text += text_of(result)));
  }
  progress.finish(grouped(static_cast<std::size_t>(total)) + " combinations");
  if (table) table->finish();
  if (flags.trading.bars.json) {
    std::cout << ordered_json{{"symbols", json}}.dump(2) << '\n';
  } else {
    std::cout << text;
  }
  if (!flags.plots.empty()) draw("strategies.py", flags.plots, flags.trading.bars.json);
  return 0;
}

void add_flags(CLI::App& app, SweepFlags& flags) {
  add_trading_flags(app, flags.trading);
  app.add_option("--strategy", flags.strategy, "Strategies with commas, or all (default sma_cross)");
  app.add_option("--grid", flags.grid,
                 "NAME=VALUES with commas; VALUES: FIRST:LAST:STEP, one value, or A/B/C. Or a file of "
                 "strategies, values and folds")
      ->type_name("fast=5:100:5,…|FILE.toml");
  app.add_option("--top", flags.top, "Best combinations shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--blocks", flags.blocks, "Of the overfitting test, even, 2 to 16 (default 10)");
  app.add_option("--folds", flags.folds,
                 "Walk-forward folds; each trains on everything before it (default 0)");
  app.add_option("--purge", flags.purge_bars, "Bars left out between training and test (default 0)");
  app.add_option("--out", flags.out, "A row per combination: FILE.parquet or FILE.csv")
      ->type_name(written_table);
  app.add_option("--plots", flags.plots, "Folder for heat maps")->type_name("FOLDER");
  app.add_flag("--list", flags.list, "The strategies with formulas, parameters and sources; nothing is run");
}

}  // namespace

int sweep_command(int argc, char** argv) {
  CLI::App app("Try every combination of a grid of strategy parameters, and say how much of the best is luck",
               "regent-sweep");
  SweepFlags flags;
  add_flags(app, flags);
  return run_command(app, argc, argv, [&] { return run(flags); });
}

}  // namespace regent::strategies
