#include "allocation/commands/allocate_command.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>

#include "allocation/commands/choices.hpp"
#include "allocation/commands/report.hpp"
#include "allocation/sizing.hpp"
#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/drawing.hpp"
#include "base/error.hpp"
#include "covariance/commands/report.hpp"
#include "market/io/output.hpp"
#include "market/io/series_file.hpp"

namespace regent::allocation {
namespace {

// Simple returns of all bars up to the decision, for the past tails.
covariance::Table returns_until(const market::Panel& panel, std::size_t last_bar, double periods_per_year) {
  covariance::Table table;
  table.names = panel.symbols;
  table.returns = covariance::Returns::simple;
  table.periods_per_year = periods_per_year;
  table.rows = last_bar;
  for (std::size_t bar = 1; bar <= last_bar; ++bar) {
    const auto now = panel.bar(bar)[market::Column::close],
               before = panel.bar(bar - 1)[market::Column::close];
    table.times.push_back(panel.timestamps_ms[bar]);
    for (std::size_t i = 0; i < panel.symbol_count(); ++i) table.values.push_back(now[i] / before[i] - 1);
  }
  return table;
}

// [symbols, symbols] per bar, NaN beside symbols without a covariance.
covariance::Matrix whole_covariance(const KnownRisk& risk, double periods_per_year) {
  covariance::Matrix whole(risk.absent.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < risk.held.size(); ++i) {
    for (std::size_t j = 0; j < risk.held.size(); ++j) {
      whole(risk.held[i], risk.held[j]) = risk.covariance(i, j) / periods_per_year;
    }
  }
  return whole;
}

// The covariance as `regent covariance` describes one.
void describe_covariance(Report& report, const std::string& method) {
  const KnownRisk& risk = report.walk.last_risk;
  report.held.periods_per_year = report.returns.periods_per_year;
  report.held.returns = covariance::Returns::log;
  report.held.times = report.returns.times;
  report.held.rows = report.returns.rows;
  for (const std::size_t symbol : risk.held) report.held.names.push_back(report.panel.symbols[symbol]);
  report.covariance.method = method;
  report.covariance.covariance = risk.covariance;
  for (double& value : report.covariance.covariance.values) value /= report.returns.periods_per_year;
  report.covariance.observations.assign(risk.covariance.values.size(), static_cast<std::int64_t>(risk.rows));
  if (risk.held.size() > 1) covariance::describe(report.covariance, risk.rows);
}

void draw_pictures(const Report& report, const AllocateFlags& flags) {
  const std::filesystem::path folder = flags.plots;
  market::make_folder(folder, "--plots");
  market::write_series_file(weight_columns(report), folder / "weights.parquet");
  const std::filesystem::path returns = folder / "returns.parquet";
  if (report.scores.empty()) {
    std::filesystem::remove(returns);  // an earlier walk's
  } else {
    market::write_series_file(return_columns(report), returns);
  }
  write_file_atomically(folder / "allocation.json", report_json(report).dump(2) + "\n");
  write_file_atomically(folder / "covariance.json",
                        covariance::report_json(report.held, report.covariance).dump() + "\n");
  draw("allocation.py", folder, flags.bars.json);
}

void check_places(const AllocateFlags& flags) {
  market::check_table_name(flags.out);
  market::check_folder(flags.plots, "--plots");
  market::check_file_place(flags.metrics, "--metrics");
  if (flags.plots.empty()) return;
  for (const char* drawn : {"weights.parquet", "returns.parquet"})
    refuse_same_file("--out", flags.out, "--plots", std::filesystem::path(flags.plots) / drawn);
}

std::size_t first_decision(const AllocateFlags& flags, const market::Panel& panel, const Choices& choices,
                           const WishSource& wishes) {
  const std::size_t first = std::max(choices.first_bar, wishes.first_bar());
  const std::size_t needed = first + (flags.walk_forward ? 3 : 1);
  if (panel.bars() < needed) {
    throw InputError(
        std::to_string(panel.bars()) + " bars are too few: " + std::to_string(needed) +
        " are needed (--warmup and --window of the covariance, convictions that begin later, and " +
        "in a walk forward two bars to fill and hold the first weights)");
  }
  return flags.walk_forward ? first : panel.bars() - 1;
}

void add_numbers(CLI::App& app, AllocateFlags& flags) {
  const auto add = [&](const std::string& name, const std::string& key, const std::string& help) {
    app.add_option_function<std::string>(
           name, [&flags, key](const std::string& text) { flags.settings["allocator." + key] = text; }, help)
        ->type_name("NUMBER");
  };
  add("--target-volatility", "target_volatility", "Volatility a year that weights are scaled to");
  add("--position-max", "position_max", "Largest absolute weight of one symbol, fraction of equity");
  add("--gross-max", "gross_max", "Largest sum of absolute weights: the leverage");
  add("--half-life", "half_life_bars", "ewma: bars after which a row of the variances has halved");
  add("--half-life-level", "half_life_level_bars",
      "ewma: the same of the level of all volatilities together; 0: not looked at");
  add("--half-life-correlation", "half_life_correlation_bars", "ewma: the same of the correlations");
  add("--warmup", "warmup_bars", "ewma: returns before a symbol can get a weight");
  add("--derisk-from", "derisk_from", "Correlation above which positions on one side are cut; 1: never");
  add("--turnover-penalty", "turnover_penalty", "Weights move by 1 / (1 + this) of the way");
  add("--calibration", "calibration_half_life_bars",
      "Half-life, in bars, of how risk turned out beside the prediction; 0: not looked at");
  app.add_option_function<std::string>(
         "--risk", [&flags](const std::string& text) { flags.settings["allocator.risk"] = text; },
         "full: the target whatever the convictions' size; conviction: times their root mean square")
      ->type_name("NAME");
}

void add_walk(CLI::App& app, AllocateFlags& flags) {
  auto* walk =
      app.add_flag("--walk-forward", flags.walk_forward,
                   "Decide every so many bars, trade at the next bar, and compare what was realised");
  app.add_option("--every", flags.every, "Bars between decisions")
      ->type_name("BARS")
      ->needs(walk)
      ->capture_default_str();
  app.add_option("--compare", flags.compare, "Methods beside it, with commas; \"\" for none")
      ->type_name("A,B")
      ->needs(walk)
      ->capture_default_str();
  app.add_option("--fee", flags.fee, "Fraction of the traded value")
      ->check(CLI::Range(0.0, 0.1))
      ->needs(walk)
      ->capture_default_str();
  app.add_option("--slippage", flags.slippage, "Fraction of the price")
      ->check(CLI::Range(0.0, 0.1))
      ->needs(walk)
      ->capture_default_str();
  app.add_option("--out", flags.out, "Weights over time, as regent backtest --weights reads them")
      ->type_name(written_table);
  app.add_option("--metrics", flags.metrics, "The last weights and their risk as gauges for Prometheus")
      ->type_name(written_metrics);
  app.add_option("--plots", flags.plots,
                 "Folder for cov_matrix.png, eigen_spectrum.png, risk.png, weights.png and volatility.png")
      ->type_name("FOLDER");
}

void add_allocate_flags(CLI::App& app, AllocateFlags& flags) {
  market::add_data_flags(app, flags.bars);
  app.add_option("--data", flags.data, "The same as naming the files")->type_name("FILE");
  app.add_option(
         "--convictions", flags.wishes.convictions,
         "equal, momentum, or a file: a row per time with a column per symbol, or symbol and conviction")
      ->type_name("NAME|FILE")
      ->capture_default_str();
  app.add_option("--method", flags.method,
                 "eigen-risk, volatility, given (convictions are weights), equal, inverse-variance, "
                 "minimum-variance or risk-parity")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--covariance", flags.covariance,
                 "ewma, sample, ledoit-wolf (constant correlation), ledoit-wolf-identity or oas")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--window", flags.window, "Returns behind every covariance but ewma (default: 252)")
      ->type_name("BARS");
  app.add_flag("--no-denoise", flags.no_denoise, "Take correlations with their noise");
  app.add_flag("--no-hedges", flags.no_hedges, "eigen-risk: a weight against its conviction is 0");
  app.add_option("--regimes", flags.wishes.regimes, "Table with a column of times and a column regime")
      ->type_name("FILE");
  app.add_option("--regime-risk", flags.regime_risk,
                 "What a regime multiplies the target by: chaos=0.5,mid=0.8")
      ->type_name("LABEL=NUMBER,…");
  add_numbers(app, flags);
  add_walk(app, flags);
}

int run_allocate(const AllocateFlags& given) {
  AllocateFlags flags = given;
  flags.bars.files.insert(flags.bars.files.end(), flags.data.begin(), flags.data.end());
  check_places(flags);
  choices_of(flags, 252);  // before anything is read
  const market::Panel panel = market::read_input(flags.bars);
  if (panel.bars() < 3) throw InputError(std::to_string(panel.bars()) + " bars are too few for a covariance");
  const double periods_per_year = market::periods_per_year(panel.timestamps_ms);
  const Choices choices = choices_of(flags, periods_per_year);
  const AllocatorSettings& settings = choices.candidates.front().settings;
  const WishSource wishes(flags.wishes, panel,
                          settings.sizing == Sizing::given ? std::numeric_limits<double>::max() : 1.0);
  if (!flags.regime_risk.empty()) wishes.check_regimes(settings.regime_risk, "--regime-risk");
  const std::size_t first = first_decision(flags, panel, choices, wishes);
  const WalkForward walk =
      walk_forward(panel, choices.risk, choices.candidates, [&](std::size_t bar) { return wishes.at(bar); },
                   first, static_cast<std::size_t>(flags.every), {flags.fee, flags.slippage});
  const auto convictions = wishes.at(walk.last_bar).convictions;
  Report report{panel, choices.candidates, walk, convictions, {}, {}, {}, {}, {}};
  report.returns = returns_until(panel, walk.last_bar, periods_per_year);
  const auto& weights = walk.portfolios.front().last.weights;
  if (std::ranges::any_of(weights, [](double weight) { return weight != 0; })) {
    report.portfolio =
        covariance::portfolio_of(weights, report.returns, whole_covariance(walk.last_risk, periods_per_year));
  }
  for (std::size_t i = 0; flags.walk_forward && i < choices.candidates.size(); ++i) {
    report.scores.push_back(
        score_of(walk.portfolios[i].account, settings.target_volatility, periods_per_year));
  }
  describe_covariance(report, flags.covariance);
  if (!flags.out.empty()) market::write_series_file(weight_columns(report), flags.out);
  if (!flags.metrics.empty()) write_file_atomically(flags.metrics, metrics_text(report));
  if (!flags.plots.empty()) draw_pictures(report, flags);
  if (flags.bars.json) {
    std::cout << report_json(report).dump(2) << '\n';
  } else {
    std::cout << report_text(report);
  }
  return 0;
}

}  // namespace

int allocate_command(int argc, char** argv) {
  CLI::App app("Turn convictions into weights of a target volatility, and say what they risk",
               "regent-allocate");
  AllocateFlags flags;
  add_allocate_flags(app, flags);
  return run_command(app, argc, argv, [&] { return run_allocate(flags); });
}

}  // namespace regent::allocation
