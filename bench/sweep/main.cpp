// Sweeps over raw bars, timed: indicators, trading and every metric of every combination. Prints one JSON
// line.
//
//   bench-sweep --bars FILE --case sweep_96k|sweep_mixed [--family NAME] [--device cpu|cuda]
//               [--repeats N] [--quick] [--rows FILE]
//
// FILE: float64 [bars, 5], open high low close volume. The median of N runs counts. --rows writes every
// combination's text and results.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/error.hpp"
#include "strategies/sweep.hpp"

namespace regent::strategies {
namespace {

struct Options {
  std::string bars, name = "sweep_96k", family, device = "cpu", rows;
  int repeats = 1;
  bool quick = false;
};

constexpr std::size_t columns = 5;

TradableSeries read_bars(const std::string& file) {
  const std::string bytes = read_file(file);
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
  TradableSeries series;
  series.symbol = "bench";
  series.has_opens = true;
  series.periods_per_year = 8766;
  std::vector<double>* into[columns] = {&series.open, &series.high, &series.low, &series.close,
                                        &series.volume};
  for (std::size_t i = 0; i < values.size(); ++i) into[i % columns]->push_back(values[i]);
  for (std::size_t t = 0; t < series.bars(); ++t)
    series.timestamps_ms.push_back(static_cast<TimestampMs>(t) * 3'600'000);
  return series;
}

struct Part {
  const char* strategy;
  const char* grid;
};

// 160 fast × 600 slow averages.
const std::vector<Part> part_96k{{"sma_cross", "fast=5:164,slow=165:764"}};
// Every family, each with stops and targets: 100,000 combinations.
const std::vector<Part> part_mixed{
    {"sma_cross", "fast=5:100:5,slow=110:500:10,stop=0/0.02/0.05,target=0/0.05/0.1/0.2"},
    {"ema_cross", "fast=5:100:5,slow=110:500:10,stop=0/0.02/0.05,target=0/0.05/0.1/0.2"},
    {"macd", "fast=6:24:3,slow=26:104:6,signal=5:25:2,stop=0/0.03,target=0/0.05/0.1/0.2"},
    {"rsi_reversion", "window=6:44:2,low=15:45:2.5,exit=50:70:5,stop=0/0.03/0.06,target=0/0.05"},
    {"bollinger_reversion", "window=10:200:5,width=1:3:0.1,stop=0/0.02/0.05,target=0/0.03/0.1"},
    {"zscore_reversion", "window=24:240:8,entry=1:3:0.2,exit=-0.5:0.5:0.25,stop=0/0.05,target=0/0.05/0.1"},
    {"donchian_breakout", "entry=20:200:5,exit=5:100:5,stop=0/0.03/0.06,target=0/0.05/0.1"},
    {"keltner_breakout", "window=10:200:5,multiple=0.5:4:0.1,stop=0/0.03/0.06,target=0/0.1"},
    {"momentum_volume",
     "window=12:240:12,entry=0:0.05:0.01,volume_window=24/48,ratio=0.5:2:0.25,stop=0/0.03,target=0/0.1"},
    {"calm_sma_cross",
     "fast=5:50:5,slow=60:300:20,volatility=24/48,limit=0.6:1.4:0.1,stop=0/0.03,target=0/0.1"},
    {"regime_sma_cross", "fast=5:50:5,slow=60:300:20,regime=200:800:100,stop=0/0.03/0.06,target=0/0.05/0.1"},
    {"combined_vote",
     "fast=5:50:5,slow=60:300:20,momentum=24:120:24,rsi=14/28,votes=2/3,stop=0/0.03,target=0/0.1"}};

struct Run {
  std::vector<Combinations> combinations;
  std::vector<FamilySweep> families;
  double seconds = 0, grid_seconds = 0;  // of all; of making the combinations
};

Run timed(const Options& options, const cuda::Resources& resources, const TradableSeries& series) {
  const auto start = std::chrono::steady_clock::now();
  Run run;
  for (const Part& part : options.name == "sweep_96k" ? part_96k : part_mixed) {
    if (!options.family.empty() && options.family != part.strategy) continue;
    GridTexts texts = parse_grid(part.grid);
    if (options.quick) texts = {{"fast", "5"}, {"slow", "165:170"}};
    run.combinations.emplace_back(family_named(part.strategy), texts, true, !options.quick);
  }
  if (run.combinations.empty()) throw InputError("no family " + options.family + " in " + options.name);
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  run.grid_seconds = passed();
  const TimePlan plan = time_plan(series.bars(), {});
  SweepSettings settings;
  settings.rules.close_last = false;  // as the peer
  run.families = sweep_all(resources, series, run.combinations, plan, settings);
  run.seconds = passed();
  return run;
}

void write_rows(const Run& run, const std::string& file) {
  std::ofstream out(file);
  out.precision(17);
  for (const FamilySweep& family : run.families) {
    for (std::size_t i = 0; i < family.rows.size(); ++i) {
      const Metrics& m = family.rows[i].metrics;
      out << family.combinations->family().name << ',' << family.combinations->text(i);
      for (const double value : {m.total_return, m.sharpe, m.sortino, m.drawdown_max, m.win_rate,
                                 m.profit_factor, m.exposure, m.turnover, m.trades}) {
        out << ',' << value;
      }
      out << '\n';
    }
  }
}

int bench(const Options& options) {
  if (options.name != "sweep_96k" && options.name != "sweep_mixed")
    throw InputError("no case " + options.name);
  const TradableSeries series = read_bars(options.bars);
  const auto resources = cuda::Resources::make(options.device);
  Run run;
  std::vector<double> times;
  for (int i = 0; i < options.repeats; ++i) {
    run = timed(options, resources, series);
    times.push_back(run.seconds);
  }
  const double first = times[0];  // a device's memory and kernels are made ready in it
  std::ranges::sort(times);
  const double seconds = times[times.size() / 2];
  double checksum = 0;
  std::size_t count = 0, trades = 0;
  for (const FamilySweep& family : run.families) {
    for (const Row& row : family.rows) {
      checksum += row.metrics.total_return;
      trades += static_cast<std::size_t>(row.metrics.trades);
    }
    count += family.rows.size();
  }
  if (!options.rows.empty()) write_rows(run, options.rows);
  const double rate = static_cast<double>(count) * static_cast<double>(series.bars()) / seconds;
  std::cout << nlohmann::ordered_json{{"case", options.name},
                                      {"seconds", seconds},
                                      {"first_seconds", first},
                                      {"grid_seconds", run.grid_seconds},
                                      {"combinations", count},
                                      {"bars", series.bars()},
                                      {"trades", trades},
                                      {"checksum", checksum},
                                      {"bar_combinations_per_s", rate},
                                      {"device", resources.describe()}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace
}  // namespace regent::strategies

int main(int argc, char** argv) {
  CLI::App app("Sweeps over raw bars, timed", "bench-sweep");
  regent::strategies::Options options;
  app.add_option("--bars", options.bars, "float64 [bars, 5]: open, high, low, close, volume")->required();
  app.add_option("--case", options.name, "sweep_96k or sweep_mixed");
  app.add_option("--family", options.family, "One of the case's families alone");
  app.add_option("--device", options.device, "cpu or cuda");
  app.add_option("--repeats", options.repeats, "The median counts")->check(CLI::Range(1, 1000));
  app.add_option("--rows", options.rows, "File for every combination's results");
  app.add_flag("--quick", options.quick, "Few combinations");
  return regent::run_command(app, argc, argv, [&] { return regent::strategies::bench(options); });
}
