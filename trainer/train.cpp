#include "trainer/train.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "base/terminal.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "models/device.hpp"
#include "trainer/fold_trainer.hpp"
#include "trainer/run_folder.hpp"

namespace regent::trainer {
namespace {

using nlohmann::json;

json window_json(const market::Panel& panel, std::size_t first, std::size_t end) {
  if (first >= end) {
    return nullptr;
  }
  return {{"first", format_timestamp(panel.timestamps_ms[first])},
          {"last", format_timestamp(panel.timestamps_ms[end - 1])},
          {"bars", end - first}};
}

json fold_json(const RunContext& run, const Fold& fold, const models::BundleManifest& manifest,
               const FoldTimings& timings) {
  return {{"name", fold.name},
          {"bundle", "bundles/" + fold.name},
          {"fingerprint", manifest.fingerprint},
          {"parent", manifest.parent},
          {"train", window_json(run.data.panel, 0, fold.train_end)},
          {"validation", window_json(run.data.panel, fold.validation_first, fold.validation_end)},
          {"test", window_json(run.data.panel, fold.test_first, fold.test_end)},
          {"metrics", manifest.metrics},
          {"timings",
           {{"regimes_s", timings.regimes_s},
            {"policy_s", timings.policy_s},
            {"validation_s", timings.validation_s}}}};
}

// Every checkpoint that was ever judged is a trial of the deflated Sharpe ratio.
json trials_json(const json& folds) {
  json sharpes = json::array();
  std::size_t undefined = 0;
  for (const json& fold : folds) {
    for (const json& checkpoint : fold.at("metrics").at("validation").at("checkpoints")) {
      if (checkpoint.at("sharpe").is_null()) {
        ++undefined;
      } else {
        sharpes.push_back(checkpoint.at("sharpe"));
      }
    }
  }
  return {{"count", sharpes.size() + undefined}, {"undefined", undefined}, {"sharpe", sharpes}};
}

json training_json(const RunContext& run, const TrainRequest& request, const json& folds, std::size_t planned,
                   double seconds) {
  const market::Panel& panel = run.data.panel;
  return {{"format_version", 1},
          {"creator", std::string("regent ") + version()},
          {"complete", folds.size() == planned},
          {"folds_planned", planned},
          {"quick", request.quick},
          {"seed", run.settings.seed},
          {"data",
           {{"files", request.data_files},
            {"fingerprint", panel.fingerprint()},
            {"symbols", panel.symbols},
            {"span", window_json(panel, 0, panel.bars())},
            {"columns", run.data.columns}}},
          {"features", run.data.features.names},
          {"features_left_out", run.data.left_out},
          {"market_state", run.data.state_names},
          {"trials", trials_json(folds)},
          {"folds", folds},
          {"timings", {{"total_s", seconds}}}};
}

// The walk through the folds, and what it has written so far.
class Run {
 public:
  Run(const RunContext& context, const TrainRequest& request, const RunIdentity& identity)
      : context_(context),
        request_(request),
        folder_(request.out, identity, request.resume),
        plan_(plan_folds(context.data.panel.timestamps_ms, context.settings.walk_forward)),
        started_ns_(monotonic_ns()) {
    const json before = folder_.read_training();
    seconds_before_ = before.contains("timings") ? before["timings"].value("total_s", 0.0) : 0.0;
    written_ = before.value("folds", json::array());
  }

  TrainOutcome walk() {
    TrainOutcome outcome;
    outcome.folds = plan_.size();
    for (const Fold& fold : plan_) {
      if (!done_before(fold) && !train_fold(fold)) {
        return outcome;
      }
      outcome.fingerprints.push_back(parent_);
      ++outcome.folds_done;
    }
    folder_.remove_checkpoint();
    write();
    outcome.complete = true;
    return outcome;
  }

 private:
  // A fold whose bundle stands is loaded, and verified by that.
  bool done_before(const Fold& fold) {
    if (!std::filesystem::exists(folder_.bundle(fold.name))) {
      return false;
    }
    const models::Bundle bundle = models::load_bundle(folder_.bundle(fold.name));
    if (bundle.manifest.parent != parent_) {
      throw InputError(folder_.bundle(fold.name).string() + ": its parent is '" + bundle.manifest.parent +
                       "', the fold before it is '" + parent_ + "'; it belongs to another run");
    }
    FoldTimings timings;
    for (const json& entry : written_) {
      if (entry.at("name") == fold.name) {
        timings = {entry.at("timings").at("regimes_s").get<double>(),
                   entry.at("timings").at("policy_s").get<double>(),
                   entry.at("timings").at("validation_s").get<double>()};
      }
    }
    keep(fold, bundle, timings);
    // a run that was killed between the two
    if (folder_.checkpoint_fold() == fold.name) {
      folder_.remove_checkpoint();
    }
    return true;
  }

  void keep(const Fold& fold, const models::Bundle& bundle, const FoldTimings& timings) {
    parent_ = bundle.manifest.fingerprint;
    previous_ = bundle.regimes;
    folds_.push_back(fold_json(context_, fold, bundle.manifest, timings));
  }

  std::unique_ptr<FoldTrainer> trainer_of(const Fold& fold) {
    if (folder_.has_checkpoint()) {
      auto trainer = std::make_unique<FoldTrainer>(context_, fold, folder_.checkpoint());
      spdlog::info("fold {}: continued at iteration {}", fold.name, trainer->iteration());
      return trainer;
    }
    return std::make_unique<FoldTrainer>(context_, fold, previous_ ? &*previous_ : nullptr);
  }

  // False when it was stopped; its checkpoint then stands in the folder.
  bool train_fold(const Fold& fold) {
    Progress progress(fmt::format("fold {}/{} {}", fold.index + 1, plan_.size(), fold.name),
                      context_.settings.ppo.iterations);
    const std::unique_ptr<FoldTrainer> trainer = trainer_of(fold);
    while (!trainer->finished()) {
      if (request_.stop && request_.stop()) {
        trainer->save(folder_.checkpoint());
        write();
        progress.finish(fmt::format("stopped at iteration {}", trainer->iteration()));
        return false;
      }
      trainer->iterate();
      progress.advance(trainer->iteration(), sharpe_text(trainer->best_sharpe()));
    }
    models::Bundle bundle = trainer->bundle(parent_);
    models::write_bundle(bundle, folder_.bundle(fold.name));
    folder_.remove_checkpoint();
    progress.finish(sharpe_text(trainer->best_sharpe()));
    keep(fold, bundle, trainer->timings());
    write();
    return true;
  }

  static std::string sharpe_text(double sharpe) {
    return std::isnan(sharpe) ? "" : fmt::format("validation Sharpe {:.2f}", sharpe);
  }

  void write() const {
    const double seconds = seconds_before_ + static_cast<double>(monotonic_ns() - started_ns_) * 1e-9;
    folder_.write_training(training_json(context_, request_, folds_, plan_.size(), seconds));
  }

  const RunContext& context_;
  const TrainRequest& request_;
  RunFolder folder_;
  std::vector<Fold> plan_;
  std::int64_t started_ns_;
  double seconds_before_ = 0;
  json written_;
  json folds_ = json::array();
  std::string parent_;
  std::optional<hmm::Model> previous_;
};

}  // namespace

TrainOutcome train(const Config& config, market::Panel panel, const TrainRequest& request) {
  const TrainingSettings settings = training_settings(config);
  plan_folds(panel.timestamps_ms, settings.walk_forward);  // before anything is computed or written
  const cuda::Resources resources = cuda::Resources::make(config.text("runtime.device"));
  const models::TorchDevice device = models::choose_torch_device(
      config.text("runtime.device"), static_cast<int>(config.integer("runtime.threads")));
  const TrainingData data = prepare_data(std::move(panel), config);
  for (const std::string& feature : data.left_out) {
    spdlog::info("left out {}", feature);
  }
  RunIdentity identity;
  identity.config = identity_of(config);
  identity.data_fingerprint = data.panel.fingerprint();
  identity.data_files = request.data_files;
  identity.program = std::string("regent ") + version();
  identity.device = device.description;
  const RunContext context{resources, device.name(), data, config, settings};
  return Run(context, request, identity).walk();
}

}  // namespace regent::trainer
