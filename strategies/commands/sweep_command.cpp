#include "strategies/commands/sweep_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <set>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "base/table.hpp"
#include "base/terminal.hpp"
#include "market/io/output.hpp"
#include "market/io/series_file.hpp"
#include "strategies/commands/regime_series.hpp"
#include "strategies/commands/sweep_report.hpp"
#include "strategies/commands/sweep_symbol.hpp"
#include "strategies/commands/sweep_table.hpp"
#include "strategies/grid_file.hpp"
#include "strategies/regime_metrics.hpp"

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

bool all_meant(const SweepFlags& flags) {
  return split_names(flags.strategy) == std::vector<std::string>{"all"};
}

std::vector<const Family*> families_of(const SweepFlags& flags) {
  std::vector<const Family*> families;
  if (all_meant(flags)) {
    for (const Family& family : catalogue()) families.push_back(&family);
    return families;
  }
  for (const auto& name : split_names(flags.strategy.empty() ? "sma_cross" : flags.strategy)) {
    const Family* family = &family_named(name);
    if (std::ranges::find(families, family) != families.end())
      throw InputError("--strategy " + flags.strategy + ": " + name + " stands twice; name each once");
    families.push_back(family);
  }
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
  const auto families = families_of(flags);
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

// `--folds 0` switches a file's folds off, and what it purges with them.
void check_plan(const SweepFlags& flags, const PlanSettings& plan) {
  validate(plan);
  const bool forgotten = flags.purge_bars.has_value() || !flags.folds.has_value();
  if (plan.purge_bars > 0 && plan.folds == 0 && forgotten)
    throw InputError("purge is " + std::to_string(plan.purge_bars) +
                     " bars, but there are no walk-forward folds to purge before; give --folds too");
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
  check_plan(flags, grid.plan);
  std::uint64_t total = 0;
  for (const Combinations& combinations : grid.all) total += combinations.size();
  if (total <= combinations_max) return grid;
  throw InputError(std::to_string(total) + " combinations over all strategies; at most " +
                   std::to_string(combinations_max) + " at once");
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

// "": every symbol has a volume.
std::string symbol_without_volume(const market::Panel& panel) {
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    bool known = false;
    for (std::size_t t = 0; panel.has(market::Column::volume) && t < panel.bars() && !known; ++t)
      known = std::isfinite(panel.at(market::Column::volume, t, s));
    if (!known) return panel.symbols[s];
  }
  return "";
}

// `--strategy all` goes without the strategies that need a column which the bars have not.
void check_volume(const SweepFlags& flags, const market::Panel& panel, Grid& grid) {
  const auto asks = [](const Combinations& one) { return needs_volume(one.family()); };
  const auto first = std::ranges::find_if(grid.all, asks);
  if (first == grid.all.end()) return;
  const std::string symbol = symbol_without_volume(panel);
  if (symbol.empty()) return;
  const std::string fault =
      first->family().name + " needs the column volume, in which " + symbol + " has no value";
  if (!all_meant(flags)) throw InputError(fault);
  std::cerr << fault << "; it is left out\n";
  std::erase_if(grid.all, asks);
}

// Before any symbol is swept.
void check_symbols(const SweepFlags& flags, const market::Panel& panel, const Grid& grid) {
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const TradableSeries series = series_of(flags, panel, s, grid);
    try {
      time_plan(series.bars(), grid.plan);
    } catch (const InputError& error) {
      throw InputError(series.symbol + ": " + error.what());
    }
  }
}

// What is written while symbols are swept.
struct Tables {
  std::optional<SweepTable> out, drawn;
  void add(const SymbolResult& result, const SweepTable::ByRegimeOf& by_regime) {
    for (auto* table : {&out, &drawn})
      if (*table) (*table)->add(result, by_regime);
  }
  void finish() {
    for (auto* table : {&out, &drawn})
      if (*table) (*table)->finish();
  }
};

Tables tables_of(const SweepFlags& flags, const Grid& grid, std::vector<std::string> regimes,
                 std::int64_t rows) {
  Tables tables;
  if (!flags.plots.empty() && rows > drawn_rows_max)
    throw InputError(std::to_string(rows) + " rows over all symbols; --plots takes at most " +
                     std::to_string(drawn_rows_max) + ", so sweep fewer symbols at once");
  if (!flags.out.empty())
    tables.out.emplace(grid.all, SweepColumns{grid.plan.folds, std::move(regimes)},
                       market::SeriesWriter(flags.out));
  // heat maps need neither folds nor regimes
  if (!flags.plots.empty())
    tables.drawn.emplace(grid.all, SweepColumns{},
                         market::SeriesWriter(std::filesystem::path(flags.plots) / "sweep.parquet"));
  return tables;
}

std::int64_t rows_of(const Grid& grid, const market::Panel& panel) {
  std::size_t rows = 0;
  for (const auto& one : grid.all) rows += one.size() * panel.symbol_count();
  return static_cast<std::int64_t>(rows);
}

int list_families(bool json) {
  std::cout << (json ? families_json().dump(2) + "\n" : families_text());
  return 0;
}

// What is shown of all symbols.
std::string sweep_panel(const SweepFlags& flags, const cuda::Resources& resources, const market::Panel& panel,
                        const Grid& grid) {
  const RegimeSource source(flags.trading, resources);
  const bool by_regime = !flags.trading.model.empty() && !flags.out.empty();
  const std::int64_t rows = rows_of(grid, panel);
  Tables tables = tables_of(
      flags, grid, by_regime ? regime_labels(flags, panel, grid, source) : std::vector<std::string>(), rows);
  std::int64_t done = 0;
  Progress progress("sweep", by_regime ? 2 * rows : rows);
  auto json = ordered_json::array();
  std::string text;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    const TradableSeries series = series_of(flags, panel, s, grid);
    const Regimes regimes = source.of(series);
    const auto advance = [&](std::size_t count) {
      done += static_cast<std::int64_t>(count);
      progress.advance(done, series.symbol);
    };
    const SweepSettings settings{.rules = flags.trading.rules,
                                 .allowed = allowed_bars(flags.trading, regimes),
                                 .slippage_rates = slippage_rates(flags.trading, panel, s, series),
                                 .progress = advance};
    SymbolResult result =
        sweep_symbol(resources, {series, regimes, grid.all, grid.plan, settings, flags.top});
    result.slippage = slippage_summary(flags.trading, settings.slippage_rates);
    tables.add(result, [&](const Combinations& combinations) {
      const auto traced = std::make_shared<TracedSweep>(series, combinations, result.regime_plan, settings);
      return [&, traced](std::size_t first, std::size_t end) {
        auto metrics = sweep_regimes(*traced, first, end);
        advance(end - first);
        return metrics;
      };
    });
    json.push_back(sweep_json(result));
    if (!flags.trading.bars.json) text += sweep_text(result);
  }
  progress.finish(grouped(static_cast<std::size_t>(rows)) + " combinations");
  tables.finish();
  const std::string all = ordered_json{{"symbols", json}}.dump(2) + "\n";
  if (!flags.plots.empty()) write_file_atomically(std::filesystem::path(flags.plots) / "sweep.json", all);
  return flags.trading.bars.json ? all : text;
}

int run(SweepFlags& flags) {
  if (flags.list) return list_families(flags.trading.bars.json);
  settle(flags.trading);
  market::check_table_name(flags.out);
  market::check_folder(flags.plots, "--plots");
  Grid grid = grid_of(flags);
  if (!flags.plots.empty()) {
    refuse_same_file("--out", flags.out, "--plots", std::filesystem::path(flags.plots) / "sweep.parquet");
    market::make_folder(flags.plots, "--plots");
  }
  const auto resources = cuda::Resources::make(flags.trading.device);
  const market::Panel panel = market::read_input(flags.trading.bars);
  check_volume(flags, panel, grid);
  check_symbols(flags, panel, grid);
  tell_missing_terms(flags.trading, panel);
  std::cout << sweep_panel(flags, resources, panel, grid);
  if (!flags.plots.empty()) draw("sweep.py", flags.plots, flags.trading.bars.json);
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
