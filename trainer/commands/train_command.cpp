#include "trainer/commands/train_command.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/stop_signal.hpp"
#include "base/terminal.hpp"
#include "market/io/panel_file.hpp"
#include "trainer/train.hpp"

namespace regent::trainer {
namespace {

struct TrainFlags {
  CommonFlags common;
  std::vector<std::string> data;
  std::string out, seed, device;
  bool quick = false, resume = false;
};

Config configured(const TrainFlags& flags) {
  std::map<std::string, std::string> extra;
  if (!flags.seed.empty()) {
    extra["runtime.seed"] = flags.seed;
  }
  if (!flags.device.empty()) {
    extra["runtime.device"] = flags.device;
  }
  Config config = load_config(flags.common, extra);
  if (!flags.quick) {
    return config;
  }
  const std::int64_t refit =
      std::max(config.integer("walk_forward.refit_years"), config.integer("walk_forward.quick_refit_years"));
  const std::int64_t iterations =
      std::min(config.integer("ppo.iterations"), config.integer("walk_forward.quick_iterations"));
  fmt::print(
      "quick: fits again every {} years instead of every {}, {} iterations of training instead of {}\n",
      refit, config.integer("walk_forward.refit_years"), iterations, config.integer("ppo.iterations"));
  extra["walk_forward.refit_years"] = std::to_string(refit);
  extra["ppo.iterations"] = std::to_string(iterations);
  return load_config(flags.common, extra);
}

std::vector<std::filesystem::path> data_files(const TrainFlags& flags, const Config& config) {
  const std::vector<std::string>& names = flags.data.empty() ? config.text_list("data.files") : flags.data;
  if (names.empty()) {
    throw InputError("no data: give --data FILE… or set data.files");
  }
  return {names.begin(), names.end()};
}

int run(const TrainFlags& flags) {
  start_log("regent-train", flags.common.log_level);
  install_stop_signals();
  const Config config = configured(flags);
  const std::vector<std::filesystem::path> files = data_files(flags, config);
  market::Panel panel = market::read_panel(files, market::validation_policy(config));
  TrainRequest request;
  request.out = flags.out;
  request.resume = flags.resume;
  request.quick = flags.quick;
  for (const auto& file : files) {
    request.data_files.push_back(file.string());
  }
  request.stop = stop_requested;
  const TrainOutcome outcome = train(config, std::move(panel), request);
  if (!outcome.complete) {
    fmt::print("stopped after {} of {} folds; continue with the same flags and --resume\n",
               outcome.folds_done, outcome.folds);
    return exit_interrupted;
  }
  fmt::print("{} in {}\n", coloured(fmt::format("{} bundles", outcome.folds), Colour::green),
             (request.out / "bundles").string());
  return 0;
}

}  // namespace

int train_command(int argc, char** argv) {
  CLI::App app("Fits regimes and trains policies, walk-forward, and writes one bundle per fold",
               "regent-train");
  TrainFlags flags;
  add_common_flags(app, flags.common);
  app.add_option("--data", flags.data, "CSV, CSV.gz or Parquet files with bars (default: data.files)")
      ->type_name("FILE");
  app.add_option("--out", flags.out,
                 "Folder for bundles, metrics and checkpoints; new, or with --resume an old one")
      ->required()
      ->type_name("DIR");
  app.add_option("--seed", flags.seed, "The one seed behind every random number")->type_name("N");
  app.add_option("--device", flags.device, "auto, cpu or cuda");
  app.add_flag("--quick", flags.quick, "Fit less often and train shorter (walk_forward.quick_…)");
  app.add_flag("--resume", flags.resume,
               "Continue a run that was interrupted, with the same bundles as if it was not");
  return run_command(app, argc, argv, [&flags] { return run(flags); });
}

}  // namespace regent::trainer
