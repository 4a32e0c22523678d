#include "scenario/commands/dream_flags.hpp"

#include "base/error.hpp"

namespace regent::scenario {
namespace {

void add_source(CLI::App& app, DreamFlags& flags) {
  app.add_option("--data", flags.data, "Panel of bars: CSV, CSV.gz or Parquet (the same as naming it first)")
      ->type_name("FILE");
  app.add_option("--calibration", flags.calibration,
                 "Model file: read when it is there, else fitted to the data and written")
      ->type_name("FILE.json");
  app.add_option("--source", flags.source,
                 "regimes (the fitted law), stationary or circular (block bootstrap), replay")
      ->check(CLI::IsMember({"regimes", "stationary", "circular", "replay"}))
      ->capture_default_str();
  app.add_option("--start", flags.start,
                 "Regime and volatility of the first step: stationary, or now (as the data end)")
      ->check(CLI::IsMember({"stationary", "now"}))
      ->capture_default_str();
  app.add_option("--macros", flags.macros, "Macro regimes that are fitted (default: 3)")
      ->check(CLI::Range(1, 32));
  app.add_option("--micros", flags.micros, "Micro states of each (default: 3)")->check(CLI::Range(1, 32));
  app.add_option("--factors", flags.factors, "Factors of the covariances (default: 20)")
      ->check(CLI::Range(1, 32));
  app.add_option("--jump-threshold", flags.jump_threshold,
                 "Local standard deviations beyond which a move is a jump (default: 4)")
      ->check(CLI::Range(2.0, 20.0));
  app.add_option("--block", flags.block, "Bars of a bootstrap's block (default: by Politis and White)")
      ->check(CLI::Range(1.0, 1e6));
}

void add_portfolio(CLI::App& app, DreamFlags& flags) {
  auto* bundle =
      app.add_option("--bundle", flags.bundle,
                     "A trained bundle, or a folder of them (the one that serves at the last bar): "
                     "dream of its decisions; needs --data, up to now")
          ->type_name("DIR");
  app.add_option("--portfolio", flags.portfolio, "equal, or a CSV file with the columns symbol and weight")
      ->type_name("equal|FILE")
      ->excludes(bundle)
      ->capture_default_str();
  app.add_option("--rebalance", flags.rebalance, "Bars between trades back to the weights; 0: never")
      ->check(CLI::Range(0, 1'000'000))
      ->excludes(bundle)
      ->capture_default_str();
  app.add_option("--volatility-target", flags.volatility_target,
                 "Annual; scales the weights by EWMA volatility. 0: none")
      ->check(CLI::Range(0.0, 10.0))
      ->excludes(bundle);
  app.add_option("--trend", flags.trend,
                 "Half-life in bars of the mean return below 0 of which nothing is held. 0: none")
      ->check(CLI::Range(0.0, 1e6))
      ->excludes(bundle);
  app.add_option("--exposure-max", flags.exposure_max, "Most that the weights are scaled up to")
      ->check(CLI::Range(0.0, 100.0))
      ->excludes(bundle)
      ->capture_default_str();
  app.add_option("--fee", flags.fee, "Of the traded value")
      ->check(CLI::Range(0.0, 0.1))
      ->capture_default_str();
  app.add_option("--slippage", flags.slippage,
                 "Half spread, of the traded value; widens with regimes and stresses")
      ->check(CLI::Range(0.0, 0.1))
      ->capture_default_str();
  app.add_option("--impact", flags.impact, "Cost per squared trade, of equity")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--ruin", flags.ruin, "Equity (of 1 at the start) at which a path is ruined and stops")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  app.add_option("--drawdown-limit", flags.drawdown_limit,
                 "A path is robust that is never down by more than this from a peak, and not ruined")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
}

void add_run(CLI::App& app, DreamFlags& flags) {
  auto* path = app.add_option("--path", flags.path, "Make this one path again and show it step by step")
                   ->type_name("N");
  app.add_option("--stresses,--overlays", flags.stresses, "Named stresses, each dreamed beside the baseline")
      ->type_name("FILE.toml");
  app.add_option("--scenarios", flags.scenarios, "Paths of the baseline and of every stress")
      ->excludes(path)
      ->capture_default_str();
  app.add_option("--steps", flags.steps, "Bars of a path")->capture_default_str();
  app.add_option("--seed", flags.seed, "Of all random numbers")->capture_default_str();
  app.add_option("--budget", flags.budget,
                 "Time after which it stops between chunks, for example 30m; a second start goes on")
      ->excludes(path);
  app.add_option("--every", flags.every,
                 "Dream anew so often, for example 1h, of the bars that are there by then, each time into a "
                 "folder of --out; and keep timeline.csv")
      ->excludes(path);
  app.add_option("--cycles", flags.cycles, "Times that --every dreams (default: until it is stopped)");
  app.add_option("--out", flags.out,
                 "Folder for dream.parquet, dream_report.md, pictures and metrics; resumable")
      ->type_name("FOLDER");
  app.add_flag("--paths", flags.paths, "Also write every step of every path into --out (large)")
      ->excludes(path);
  app.add_option("--stress", flags.stress, "The stress that --path is under (default: baseline, none)")
      ->type_name("NAME");
  app.add_option("--chunk", flags.chunk, "Paths of one part of the work (default: by size)")->excludes(path);
  app.add_option("--device", flags.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_flag("--no-plots", flags.no_plots, "No pictures")->excludes(path);
}

}  // namespace

void add_dream_flags(CLI::App& app, DreamFlags& flags) {
  market::add_data_flags(app, flags.bars);
  add_source(app, flags);
  add_portfolio(app, flags);
  add_run(app, flags);
}

std::map<std::string, double> fit_flags_of(const DreamFlags& flags) {
  std::map<std::string, double> given;
  if (flags.macros) given["--macros"] = *flags.macros;
  if (flags.micros) given["--micros"] = *flags.micros;
  if (flags.factors) given["--factors"] = *flags.factors;
  if (flags.jump_threshold) given["--jump-threshold"] = *flags.jump_threshold;
  return given;
}

double seconds_of(const std::string& flag, const std::string& duration) {
  if (duration.empty()) return 0;
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(duration, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = duration.substr(used);
  const double scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (used == 0 || scale == 0 || !(value > 0) || !(value < 1e7))
    throw InputError(flag + " " + duration + ": a positive number with s, m or h is needed, for example 30m");
  return value * scale;
}

}  // namespace regent::scenario
