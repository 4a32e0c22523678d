#include "trainer/fold_trainer.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "market/performance.hpp"
#include "models/policy_file.hpp"

namespace regent::trainer {
namespace {

namespace fs = std::filesystem;
using models::number_or_null;
using nlohmann::json;

class Stopwatch {
 public:
  explicit Stopwatch(double& total) : total_(total), started_ns_(monotonic_ns()) {}
  ~Stopwatch() { total_ += static_cast<double>(monotonic_ns() - started_ns_) * 1e-9; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& total_;
  std::int64_t started_ns_;
};

struct FittedRegimes {
  hmm::Model model;
  json metrics;
};

FittedRegimes fit_regimes(const RunContext& run, const Fold& fold, const hmm::Model* previous) {
  hmm::FitSettings settings = run.settings.regimes;
  settings.seed = seed_of_fold(run.settings.seed, fold.index);
  hmm::FitResult fit =
      hmm::fit(run.resources, regime_observations(run.data, fold), run.data.state_names, settings, previous);
  json restarts = json::array();
  for (const double value : fit.restart_log_likelihoods) {
    restarts.push_back(number_or_null(value));
  }
  return {std::move(fit.model),
          {{"log_likelihood", number_or_null(fit.log_likelihood)},
           {"penalised_log_likelihood", number_or_null(fit.penalised_log_likelihood)},
           {"iterations", fit.iterations},
           {"converged", fit.converged},
           {"failed_restarts", fit.failed_restarts},
           {"restart_log_likelihoods", restarts}}};
}

json to_json(const rl::IterationReport& report) {
  return {{"iteration", report.iteration},
          {"reward_mean", number_or_null(report.reward_mean)},
          {"episode_return", number_or_null(report.episode_return)},
          {"policy_loss", number_or_null(report.policy_loss)},
          {"value_loss", number_or_null(report.value_loss)},
          {"entropy", number_or_null(report.entropy)},
          {"kl", number_or_null(report.kl)},
          {"clip_fraction", number_or_null(report.clip_fraction)},
          {"explained_variance", number_or_null(report.explained_variance)},
          {"gradient_norm", number_or_null(report.gradient_norm)},
          {"action_std", number_or_null(report.action_std)},
          {"updates", report.updates},
          {"frozen", report.frozen}};
}

models::PolicyNetwork new_policy(const RunContext& run, const Fold& fold,
                                 const models::ObservationLayout& layout) {
  const models::PolicyShape shape{static_cast<std::int64_t>(layout.inputs()),
                                  static_cast<std::int64_t>(layout.macros), run.settings.hidden,
                                  run.settings.layers};
  models::PolicyNetwork policy(shape, seed_of_fold(run.settings.seed, fold.index));
  policy->to(torch::Device(run.torch_device));
  return policy;
}

rl::PpoData ppo_data(const TrainingData& data, const Fold& fold, const FoldData& fold_data) {
  const std::size_t symbols = data.panel.symbol_count();
  const std::size_t bars = fold.train_end;
  rl::PpoData out;
  out.environment.execution_return = fold_data.execution_return;
  out.environment.volatility_scale = std::span(data.volatility_scale).first(bars * symbols);
  out.environment.bars = bars;
  out.environment.symbols = symbols;
  out.layout = fold_data.layout;
  out.features = std::span(fold_data.features).first(bars * symbols * fold_data.layout.features);
  out.macro_posterior = std::span(fold_data.macro_f32).first(bars * fold_data.layout.macros);
  out.micro_posterior = std::span(fold_data.micro_f32).first(bars * fold_data.layout.states);
  out.first_bar = data.warm_bar;
  out.end_bar = bars - label_bars;
  return out;
}

rl::PpoSettings ppo_settings(const RunContext& run, const Fold& fold) {
  rl::PpoSettings settings = run.settings.ppo;
  settings.seed = seed_of_fold(run.settings.seed, fold.index);
  return settings;
}

}  // namespace

struct FoldTrainer::State {
  const RunContext& run;
  Fold fold;
  FoldTimings timings;
  FittedRegimes regimes;
  FoldData data;
  allocation::AllocatorSettings allocator;
  models::PolicyNetwork policy;
  rl::Ppo ppo;
  json curve = json::array();        // one entry per iteration
  json checkpoints = json::array();  // one entry per validated checkpoint
  std::optional<TensorFile> best;
  int best_iteration = 0;
  double best_sharpe = std::numeric_limits<double>::quiet_NaN();

  State(const RunContext& r, const Fold& f, FittedRegimes fitted, const FoldTimings& spent)
      : run(r),
        fold(f),
        timings(spent),
        regimes(std::move(fitted)),
        data(prepare_fold(r.data, f, regimes.model)),
        allocator(allocation::allocator_settings(
            r.config,
            market::periods_per_year(std::span(r.data.panel.timestamps_ms).first(f.validation_end)))),
        policy(new_policy(r, f, data.layout)),
        ppo(r.resources, ppo_settings(r, f), ppo_data(r.data, f, data), policy) {}

  void validate_checkpoint();
  models::BundleManifest manifest(const std::string& parent) const;
  json metrics() const;
  json state_json() const;
  void restore(const fs::path& folder, const json& state);
};

void FoldTrainer::State::validate_checkpoint() {
  const Stopwatch watch(timings.validation_s);
  const models::PolicyNetwork copy = models::copy_to_cpu(policy);
  const ValidationReport report = validate_policy(run.data, fold, data, copy, allocator, run.settings.costs);
  json entry = trainer::to_json(report);
  entry["iteration"] = ppo.iteration();
  checkpoints.push_back(entry);
  if (report.ruined) return;  // a trial like the others, but never the one that is chosen
  // A portfolio that never moved has no Sharpe ratio; it is kept only as long as nothing better was seen.
  const bool better = !std::isnan(report.sharpe) && (std::isnan(best_sharpe) || report.sharpe > best_sharpe);
  if (!best || better) {
    best = models::policy_tensors(copy);
    best_iteration = ppo.iteration();
    best_sharpe = report.sharpe;
  }
}

FoldTrainer::FoldTrainer(const RunContext& run, const Fold& fold, const hmm::Model* previous) {
  FoldTimings timings;
  FittedRegimes regimes;
  {
    const Stopwatch watch(timings.regimes_s);
    regimes = fit_regimes(run, fold, previous);
  }
  state_ = std::make_unique<State>(run, fold, std::move(regimes), timings);
}

FoldTrainer::~FoldTrainer() = default;

void FoldTrainer::iterate() {
  State& s = *state_;
  REGENT_INVARIANT(!finished(), "a finished fold has nothing left to learn");
  {
    const Stopwatch watch(s.timings.policy_s);
    s.curve.push_back(to_json(s.ppo.iterate()));
  }
  if (finished() || s.ppo.iteration() % s.run.settings.walk_forward.checkpoint_iterations == 0) {
    s.validate_checkpoint();
  }
}

bool FoldTrainer::finished() const {
  return state_->ppo.iteration() >= state_->run.settings.ppo.iterations;
}
int FoldTrainer::iteration() const {
  return state_->ppo.iteration();
}
double FoldTrainer::best_sharpe() const {
  return state_->best_sharpe;
}
const FoldTimings& FoldTrainer::timings() const {
  return state_->timings;
}

json FoldTrainer::State::metrics() const {
  return {{"seed", run.settings.seed},
          {"windows",
           {{"train_bars", fold.train_end},
            {"warmup_bars", run.data.warm_bar},
            {"validation_bars", fold.validation_end - fold.validation_first},
            {"embargo_bars", run.settings.walk_forward.embargo_bars}}},
          {"regimes", regimes.metrics},
          {"training", {{"iterations", ppo.iteration()}, {"curve", curve}}},
          {"validation",
           {{"checkpoints", checkpoints},
            {"chosen_iteration", best_iteration},
            {"sharpe", number_or_null(best_sharpe)}}}};
}

models::BundleManifest FoldTrainer::State::manifest(const std::string& parent) const {
  const market::Panel& panel = run.data.panel;
  models::BundleManifest m;
  m.creator = std::string("regent ") + version();
  m.symbols = panel.symbols;
  m.features = data.normaliser.names;
  m.columns = run.data.columns;
  m.periods_per_year = allocator.periods_per_year;
  m.data_fingerprint = panel.slice(0, fold.validation_end).fingerprint();
  m.train_start_ms = panel.timestamps_ms.front();
  m.train_end_ms = panel.timestamps_ms[fold.validation_end - 1];
  m.validation_start_ms = panel.timestamps_ms[fold.validation_first];
  m.serve_from_ms = fold.serve_from_ms;
  m.parent = parent;
  m.metrics = metrics();
  return m;
}

models::Bundle FoldTrainer::bundle(const std::string& parent) const {
  const State& s = *state_;
  REGENT_INVARIANT(finished(), "a bundle is made of a finished fold");
  if (!s.best) {
    throw Error("fold " + s.fold.name +
                ": every checkpoint lost its whole account on the validation window; lower "
                "allocator.target_volatility, allocator.position_max or allocator.gross_max");
  }
  models::Bundle bundle;
  bundle.manifest = s.manifest(parent);
  bundle.regimes = s.regimes.model;
  bundle.normaliser = s.data.normaliser;
  bundle.policy = models::policy_from(*s.best, "checkpoint " + std::to_string(s.best_iteration));
  bundle.config = s.run.config;
  return bundle;
}

json FoldTrainer::State::state_json() const {
  return {{"fold", fold.name},
          {"iteration", ppo.iteration()},
          {"regimes", regimes.metrics},
          {"curve", curve},
          {"checkpoints", checkpoints},
          {"best_iteration", best_iteration},
          {"best_sharpe", number_or_null(best_sharpe)},
          {"timings",
           {{"regimes_s", timings.regimes_s},
            {"policy_s", timings.policy_s},
            {"validation_s", timings.validation_s}}}};
}

void FoldTrainer::save(const fs::path& folder) const {
  const State& s = *state_;
  write_folder_atomically(folder, true, [&s](const fs::path& temporary) {
    hmm::write_safetensors(s.regimes.model, temporary / "hmm.safetensors");
    s.ppo.save((temporary / "ppo.safetensors").string());
    if (s.best) {
      s.best->write(temporary / "best.safetensors");
    }
    write_file_atomically(temporary / "state.json", s.state_json().dump(2) + "\n");
  });
}

void FoldTrainer::State::restore(const fs::path& folder, const json& state) {
  ppo.restore((folder / "ppo.safetensors").string());
  curve = state.at("curve");
  checkpoints = state.at("checkpoints");
  best_iteration = state.at("best_iteration").get<int>();
  if (!state.at("best_sharpe").is_null()) {
    best_sharpe = state.at("best_sharpe").get<double>();
  }
  if (fs::exists(folder / "best.safetensors")) {
    best = TensorFile::read(folder / "best.safetensors");
  }
  if (state.at("iteration").get<int>() != ppo.iteration() || best.has_value() != (best_iteration > 0) ||
      (best && checkpoints.empty()) || curve.size() != static_cast<std::size_t>(ppo.iteration())) {
    throw InputError(folder.string() +
                     ": state.json and the tensors are of different moments; delete this folder "
                     "to train the fold again");
  }
}

FoldTrainer::FoldTrainer(const RunContext& run, const Fold& fold, const fs::path& checkpoint) {
  const fs::path file = checkpoint / "state.json";
  try {
    const json state = json::parse(read_file(file, std::size_t{256} << 20));
    if (state.at("fold").get<std::string>() != fold.name) {
      throw InputError(file.string() + ": is of fold " + state.at("fold").get<std::string>() + ", not " +
                       fold.name);
    }
    const json& spent = state.at("timings");
    const FoldTimings timings{spent.at("regimes_s").get<double>(), spent.at("policy_s").get<double>(),
                              spent.at("validation_s").get<double>()};
    FittedRegimes regimes{hmm::read_safetensors(checkpoint / "hmm.safetensors"), state.at("regimes")};
    state_ = std::make_unique<State>(run, fold, std::move(regimes), timings);
    state_->restore(checkpoint, state);
  } catch (const json::exception& error) {
    throw InputError(file.string() + ": is damaged (" + error.what() + "); delete " + checkpoint.string() +
                     " to train the fold again");
  }
}

}  // namespace regent::trainer
