#pragma once
// The sections [ppo] and [environment] of the configuration, as the room's own types.

#include "base/config/config.hpp"
#include "cuda/trading/environment.hpp"
#include "rl/ppo.hpp"

namespace regent::rl {

cuda::EnvironmentSettings environment_settings_from(const Config& config);
// With its environment; the seed is runtime.seed. Throws InputError as validate() does.
PpoSettings ppo_settings_from(const Config& config);

}  // namespace regent::rl
