#include "trainer/commands/decide_command.hpp"

#include <spdlog/fmt/fmt.h>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "market/io/output.hpp"
#include "market/io/panel_file.hpp"
#include "models/device.hpp"
#include "trainer/decision_history.hpp"
#include "trainer/decision_report.hpp"

namespace regent::trainer {
namespace {

struct DecideFlags {
  CommonFlags common;
  std::vector<std::string> data;
  std::string bundle, out;
  bool json = false;
};

void decide_all(const DecideFlags& flags, const market::Panel& panel) {
  const DecisionHistory history = decide_every_bar(models::load_bundles(flags.bundle), panel);
  write_decision_history(history, panel.symbols, flags.out);
  const std::string first = format_timestamp(history.timestamps_ms.front()),
                    last = format_timestamp(history.timestamps_ms.back());
  if (flags.json) {
    fmt::print("{}\n", nlohmann::json{{"out", flags.out},
                                      {"decisions", history.timestamps_ms.size()},
                                      {"symbols", panel.symbols},
                                      {"first", first},
                                      {"last", last}}
                           .dump(2));
  } else {
    fmt::print("wrote {}: {} decisions of {} symbols, {} to {}\n", flags.out, history.timestamps_ms.size(),
               panel.symbol_count(), first, last);
  }
}

std::string note_of(const models::BundleManifest& manifest, TimestampMs timestamp_ms) {
  if (timestamp_ms < manifest.serve_from_ms) {
    return fmt::format(
        "this bar lies before {}, from where on the bundle is out of sample: it may have learnt from it",
        format_timestamp(manifest.serve_from_ms));
  }
  return "";
}

int run(const DecideFlags& flags) {
  start_log("regent-decide", flags.common.log_level);
  market::check_table_name(flags.out);
  const Config config = load_config(flags.common);
  models::choose_torch_device("cpu", 1);
  const std::vector<std::filesystem::path> files(flags.data.begin(), flags.data.end());
  const market::Panel panel = market::read_panel(files, market::validation_policy(config));
  if (panel.bars() == 0) {
    throw InputError("the data hold no bars");
  }
  if (!flags.out.empty()) {
    decide_all(flags, panel);
    return 0;
  }
  const auto bundle = std::make_shared<models::Bundle>(
      bundle_at(models::load_bundles(flags.bundle), panel.timestamps_ms.back()));
  models::Decider decider(bundle, panel.symbols, panel.column_set());
  models::Decision decision;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    decision = decider.update(panel.bar(bar));
  }
  if (!decision.warm) {
    throw InputError(fmt::format("{} bars are too few: the bundle can decide after {} bars with prices",
                                 panel.bars(), decider.warmup_bars() + 1));
  }
  const models::Explanation explanation = decider.explain();
  const std::span<const double> closes = panel.bar(panel.bars() - 1)[market::Column::close];
  const DecisionReport report{bundle->manifest,
                              bundle->regimes.labels,
                              decision,
                              explanation,
                              {closes.begin(), closes.end()},
                              bundle->config.real("allocator.position_max"),
                              bundle->config.real("allocator.gross_max"),
                              note_of(bundle->manifest, decision.timestamp_ms)};
  fmt::print("{}\n", flags.json ? to_json(report).dump(2) : to_text(report));
  return 0;
}

}  // namespace

int decide_command(int argc, char** argv) {
  CLI::App app("Decides after the last bar of a file, with regime and reasons, without a server",
               "regent-decide");
  DecideFlags flags;
  add_common_flags(app, flags.common);
  app.add_option("--bundle", flags.bundle,
                 "A bundle, or a folder of bundles: the one that serves at the last bar")
      ->required()
      ->type_name("DIR");
  app.add_option("--data", flags.data, "CSV, CSV.gz or Parquet files with bars up to now")
      ->required()
      ->type_name("FILE");
  app.add_option(
         "--out", flags.out,
         "Decide after every bar that the bundle may not have learnt from, and write the weights here")
      ->type_name(written_table);
  app.add_flag("--json", flags.json, "Print JSON");
  return run_command(app, argc, argv, [&flags] { return run(flags); });
}

}  // namespace regent::trainer
