#include "report/commands/report_command.hpp"

#include <filesystem>
#include <iostream>

#include "base/atomic_file.hpp"
#include "base/command_line.hpp"
#include "base/error.hpp"
#include "report/buy_and_hold.hpp"
#include "report/metrics.hpp"
#include "report/series.hpp"
#include "report/text.hpp"
#include "report/ungated.hpp"

namespace regent::report {
namespace {

struct Flags {
  std::filesystem::path run;
  bool json = false;
};

// Trials are those of the training that the run's bundles came from; a run without its training record has
// none.
Trials trials_of(const std::filesystem::path& run) {
  const auto file = run / "training.json";
  if (!std::filesystem::exists(file)) return {};
  try {
    return trials_from_training(nlohmann::json::parse(read_file(file)));
  } catch (const nlohmann::json::exception& error) {
    throw InputError(file.string() + ": " + error.what() +
                     "; expected trials with count and sharpe, as regent train writes");
  }
}

int report(const Flags& flags) {
  const RunRecord run = read_run(flags.run / "ledger.db");
  const Curves curves{
      run.equity, ungated_equity(run),
      buy_and_hold_equity(run.panel, run.first_traded_bar, run.start_cash, run.fee_rate, run.slippage_rate)};
  const nlohmann::json metrics = compute_metrics(run, curves, trials_of(flags.run));
  write_run_series(run, curves, metrics.at("regimes").at("labels").get<std::vector<std::string>>(),
                   flags.run / "series.parquet");
  write_file_atomically(flags.run / "metrics.json", metrics.dump(2) + "\n");
  write_file_atomically(flags.run / "report.md", markdown_report(metrics));
  std::cout << (flags.json ? metrics.dump(2) + "\n" : terminal_report(metrics));
  return 0;
}

}  // namespace

int report_command(int argc, char** argv) {
  CLI::App app("Report what a run was worth: costs, risk, orders, states, beside buy and hold",
               "regent report");
  Flags flags;
  app.add_option("--run", flags.run,
                 "Folder with ledger.db and, from training, training.json; the report goes there")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_flag("--json", flags.json, "Print metrics.json instead of the tables");
  return run_command(app, argc, argv, [&] { return report(flags); });
}

}  // namespace regent::report
