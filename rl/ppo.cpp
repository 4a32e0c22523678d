#include "rl/ppo.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "rl/advantages.hpp"
#include "rl/checkpoint.hpp"
#include "rl/collector.hpp"
#include "rl/observation_rows.hpp"
#include "rl/updater.hpp"

namespace regent::rl {
namespace {

void require_between(const char* key, double value, double low, double high) {
  if (value >= low && value <= high) return;  // false for NaN
  throw InputError(fmt::format("ppo.{} is {}; it must be between {} and {}", key, value, low, high));
}

void check_shapes(const PpoData& data, const models::PolicyNetwork& policy) {
  REGENT_INVARIANT(policy->shape().inputs == static_cast<std::int64_t>(data.layout.inputs()) &&
                       policy->shape().regimes == static_cast<std::int64_t>(data.layout.macros),
                   "the policy network and the observations have different shapes");
}

}  // namespace

void validate(const PpoSettings& settings) {
  require_between("lanes", static_cast<double>(settings.lanes), 1, 1048576);
  require_between("horizon", static_cast<double>(settings.horizon), 1, 65536);
  require_between("lanes times horizon",
                  static_cast<double>(settings.lanes) * static_cast<double>(settings.horizon), 2, 1 << 28);
  require_between("iterations", settings.iterations, 1, 1000000);
  require_between("epochs", settings.epochs, 1, 1000);
  require_between("minibatch", static_cast<double>(settings.minibatch), 1, 1 << 26);
  require_between("learning_rate", settings.learning_rate, 1e-8, 1);
  require_between("discount", settings.discount, 0, 0.99999);
  require_between("gae_lambda", settings.gae_lambda, 0, 1);
  require_between("clip_range", settings.clip_range, 1e-3, 0.99);
  require_between("entropy_weight", settings.entropy_weight, 0, 10);
  require_between("value_weight", settings.value_weight, 0, 100);
  require_between("gradient_norm_max", settings.gradient_norm_max, 1e-6, 1e6);
  require_between("target_kl", settings.target_kl, 1e-6, 100);
  cuda::validate(settings.environment);
}

struct Ppo::State {
  State(const cuda::Resources& resources, const PpoSettings& wanted, const PpoData& given,
        models::PolicyNetwork trained)
      : settings(wanted),
        data(given),
        policy(std::move(trained)),
        collector(resources, settings, data),
        updater(settings, data.layout, policy),
        buffer(static_cast<std::size_t>(settings.horizon), static_cast<std::size_t>(settings.lanes),
               data.layout.inputs()) {}

  const PpoSettings settings;
  const PpoData data;
  models::PolicyNetwork policy;
  Collector collector;
  Updater updater;
  RolloutBuffer buffer;
  int iteration = 0;
};

Ppo::Ppo(const cuda::Resources& resources, const PpoSettings& settings, const PpoData& data,
         models::PolicyNetwork policy) {
  validate(settings);
  check_data(data);
  check_shapes(data, policy);
  state_ = std::make_unique<State>(resources, settings, data, std::move(policy));
}

Ppo::~Ppo() = default;

IterationReport Ppo::iterate() {
  State& s = *state_;
  RolloutBuffer& buffer = s.buffer;
  s.collector.collect(s.policy, buffer);
  generalised_advantages({buffer.rewards, buffer.values, buffer.cut_off_values, buffer.done, buffer.horizon,
                          buffer.lanes, s.settings.discount, s.settings.gae_lambda},
                         buffer.advantages, buffer.targets);
  IterationReport report;
  report.iteration = s.iteration;
  report.reward_mean = std::accumulate(buffer.rewards.begin(), buffer.rewards.end(), 0.0) /
                       static_cast<double>(buffer.rewards.size());
  report.episode_return = buffer.episodes == 0
                              ? std::nan("")
                              : buffer.episode_log_return_sum / static_cast<double>(buffer.episodes);
  s.updater.update(buffer, s.iteration, report);
  ++s.iteration;
  return report;
}

void Ppo::save(const std::string& file) const {
  State& s = *state_;
  write_checkpoint({s.settings, s.data, s.policy, s.updater.optimiser(), s.collector.state(), s.iteration},
                   file);
}

void Ppo::restore(const std::string& file) {
  State& s = *state_;
  read_checkpoint({s.settings, s.data, s.policy, s.updater.optimiser(), s.collector.state(), s.iteration},
                  file);
}

int Ppo::iteration() const {
  return state_->iteration;
}

}  // namespace regent::rl
