#include "strategies/commands/backtest_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "market/io/output.hpp"
#include "market/io/series_file.hpp"
#include "strategies/commands/tear_sheet.hpp"
#include "strategies/commands/weights_file.hpp"
#include "strategies/commands/weights_report.hpp"

namespace regent::strategies {
namespace {

using nlohmann::ordered_json;

struct BacktestFlags {
  TradingFlags trading;
  std::string strategy = "sma_cross", weights, trades, equity, plots;
  std::map<std::string, std::string> parameters;  // of all families, empty where not given
  std::size_t shown = 10;
};

// One value for each parameter.
Combinations chosen(const BacktestFlags& flags) {
  GridTexts texts;
  for (const auto& [name, text] : flags.parameters) {
    if (!text.empty()) texts[name] = text;
  }
  Combinations combinations(family_named(flags.strategy), texts, false, true);
  if (combinations.size() == 1) return combinations;
  throw InputError("regent backtest takes one value for each parameter; regent sweep tries many");
}

BacktestResult backtest_symbol(const BacktestFlags& flags, const market::Panel& panel, std::size_t symbol,
                               const Combinations& combinations, const RegimeSource& source) {
  const bool at_close = flags.trading.fill == "next-close";
  BacktestResult result{tradable_series(panel, symbol, needs_volume(combinations.family()), at_close)};
  result.regimes = source.of(result.series);
  result.plan = whole_plan(result.series.bars(), known_before(result.regimes), result.regimes.labels);
  result.rules = flags.trading.rules;
  result.strategy = combinations.family().name;
  result.parameters = combinations.text(0);
  const SweepSettings settings{.rules = flags.trading.rules,
                               .allowed = allowed_bars(flags.trading, result.regimes),
                               .slippage_rates = slippage_rates(flags.trading, panel, symbol, result.series)};
  result.slippage = slippage_summary(flags.trading, settings.slippage_rates);
  result.journal = backtest(result.series, combinations, 0, result.plan, settings);
  Sums total;
  for (std::size_t b = 0; b < result.journal.buckets.size(); ++b) {
    total.add(result.journal.buckets[b], static_cast<double>(result.plan.bucket_bars[b]));
  }
  result.metrics = metrics_of(result.journal.outcome, total, result.series.periods_per_year);
  result.performance = market::performance_of(result.journal.net_return, result.series.periods_per_year);
  result.hold_return = result.series.close.back() / result.series.close.front() - 1;
  return result;
}

// Writes what the pictures are made of, and draws them.
void draw_sheets(const BacktestFlags& flags, const std::vector<market::SeriesColumn>& equity,
                 const ordered_json& sheets) {
  market::make_folder(flags.plots, "--plots");
  const std::filesystem::path folder = flags.plots;
  market::write_series_file(equity, folder / "equity.parquet");
  write_file_atomically(folder / "backtest.json", ordered_json{{"symbols", sheets}}.dump(2) + "\n");
  draw("tear_sheet.py", folder, flags.trading.bars.json);
}

ordered_json sheets_of(const std::vector<BacktestResult>& results) {
  auto sheets = ordered_json::array();
  for (const auto& result : results) {
    sheets.push_back(tear_sheet_json(result));
    sheets.back()["labels"] = result.regimes.labels;
  }
  return sheets;
}

void check_weights_flags(const BacktestFlags& flags) {
  for (const auto& [name, text] : flags.parameters)
    if (!text.empty()) throw InputError("--" + name + " is a strategy's parameter, and --weights takes none");
  if (!flags.trades.empty())
    throw InputError(
        "--trades: weights are rebalanced, they have no list of trades; --equity has a row per bar");
}

int run_weights(const BacktestFlags& flags) {
  check_weights_flags(flags);
  const market::Panel panel = market::read_input(flags.trading.bars);
  tell_missing_terms(flags.trading, panel);
  const auto& rules = flags.trading.rules;
  const WeightsBacktest result = backtest_weights(panel, read_weights(flags.weights, panel),
                                                  {.costs = {rules.fee_rate, rules.slippage_rate},
                                                   .at_close = flags.trading.fill == "next-close",
                                                   .liquidity_slippage = flags.trading.liquidity_slippage(),
                                                   .start_cash = rules.start_cash});
  const auto columns = weights_columns(result, rules.start_cash);
  if (!flags.equity.empty()) market::write_series_file(columns, flags.equity);
  const std::string name = std::filesystem::path(flags.weights).filename();
  if (flags.trading.bars.json) {
    std::cout << weights_json(result, name).dump(2) << '\n';
  } else {
    std::cout << weights_text(result, name);
  }
  if (!flags.plots.empty()) draw_sheets(flags, columns, ordered_json::array({weights_json(result, name)}));
  return 0;
}

int run(BacktestFlags& flags) {
  settle(flags.trading);
  market::check_table_name(flags.trades, "--trades");
  market::check_table_name(flags.equity, "--equity");
  market::check_folder(flags.plots, "--plots");
  if (!flags.plots.empty()) {
    const std::string drawn = std::filesystem::path(flags.plots) / "equity.parquet";
    refuse_same_file("--trades", flags.trades, "--plots", drawn);
    refuse_same_file("--equity", flags.equity, "--plots", drawn);
  }
  if (!flags.weights.empty()) return run_weights(flags);
  const Combinations combinations = chosen(flags);
  const auto resources = cuda::Resources::make(flags.trading.device);
  const market::Panel panel = market::read_input(flags.trading.bars);
  tell_missing_terms(flags.trading, panel);
  const RegimeSource source(flags.trading, resources);
  std::vector<BacktestResult> results;
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    results.push_back(backtest_symbol(flags, panel, s, combinations, source));
  }
  if (!flags.trades.empty()) market::write_series_file(trade_columns(results), flags.trades);
  if (!flags.equity.empty()) market::write_series_file(equity_columns(results), flags.equity);
  if (flags.trading.bars.json) {
    auto sheets = ordered_json::array();
    for (const auto& result : results) sheets.push_back(tear_sheet_json(result));
    std::cout << ordered_json{{"symbols", sheets}}.dump(2) << '\n';
  } else {
    for (const auto& result : results) std::cout << tear_sheet_text(result, flags.shown) << '\n';
  }
  if (!flags.plots.empty()) draw_sheets(flags, equity_columns(results), sheets_of(results));
  return 0;
}

// A flag for every name that some family calls a parameter.
void add_parameter_flags(CLI::App& app, BacktestFlags& flags) {
  std::map<std::string, std::string> meanings;
  for (const Family& family : catalogue()) {
    for (const auto& parameter : all_parameters(family)) meanings.emplace(parameter.name, parameter.meaning);
  }
  for (const auto& [name, meaning] : meanings) {
    std::string dashed = name;
    std::ranges::replace(dashed, '_', '-');
    const std::string names = dashed == name ? "--" + name : "--" + dashed + ",--" + name;
    app.add_option(names, flags.parameters[name], meaning)
        ->type_name("NUMBER")
        ->group("Parameters of strategies");
  }
}

void add_flags(CLI::App& app, BacktestFlags& flags) {
  add_trading_flags(app, flags.trading);
  app.add_option("--strategy", flags.strategy, "regent sweep --list shows them with their parameters")
      ->capture_default_str();
  add_parameter_flags(app, flags);
  app.add_option("--weights", flags.weights,
                 "Instead of a strategy: portfolio weights over time, as regent decide --out writes them")
      ->type_name("FILE")
      ->excludes("--strategy")
      ->excludes("--model")
      ->excludes("--shorts")
      ->excludes("--size")
      ->excludes("--whole-units")
      ->excludes("--keep-last-open");
  app.add_option("--trades", flags.trades, "A row per trade: FILE.parquet or FILE.csv")
      ->type_name(written_table);
  app.add_option("--equity", flags.equity, "A row per bar: FILE.parquet or FILE.csv")
      ->type_name(written_table);
  app.add_option("--plots", flags.plots, "Folder for the tear sheet's pictures")->type_name("FOLDER");
  app.add_option("--show", flags.shown, "Trades shown, the last ones")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

}  // namespace

int backtest_command(int argc, char** argv) {
  CLI::App app("Trade one strategy on bars: trades, equity, tear sheet", "regent-backtest");
  BacktestFlags flags;
  add_flags(app, flags);
  return run_command(app, argc, argv, [&] { return run(flags); });
}

}  // namespace regent::strategies
