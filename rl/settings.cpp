#include "rl/settings.hpp"

namespace regent::rl {

cuda::EnvironmentSettings environment_settings_from(const Config& config) {
  cuda::EnvironmentSettings settings;
  settings.cost_rate = config.real("environment.cost_rate");
  settings.risk_aversion = config.real("environment.risk_aversion");
  settings.episode_bars = static_cast<int>(config.integer("environment.episode_bars"));
  cuda::validate(settings);
  return settings;
}

PpoSettings ppo_settings_from(const Config& config) {
  PpoSettings settings;
  settings.lanes = config.integer("ppo.lanes");
  settings.horizon = config.integer("ppo.horizon");
  settings.iterations = static_cast<int>(config.integer("ppo.iterations"));
  settings.epochs = static_cast<int>(config.integer("ppo.epochs"));
  settings.minibatch = config.integer("ppo.minibatch");
  settings.learning_rate = config.real("ppo.learning_rate");
  settings.discount = config.real("ppo.discount");
  settings.gae_lambda = config.real("ppo.gae_lambda");
  settings.clip_range = config.real("ppo.clip_range");
  settings.entropy_weight = config.real("ppo.entropy_weight");
  settings.value_weight = config.real("ppo.value_weight");
  settings.gradient_norm_max = config.real("ppo.gradient_norm_max");
  settings.target_kl = config.real("ppo.target_kl");
  settings.seed = static_cast<std::uint64_t>(config.integer("runtime.seed"));
  settings.environment = environment_settings_from(config);
  validate(settings);
  return settings;
}

}  // namespace regent::rl
