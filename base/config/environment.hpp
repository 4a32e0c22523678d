#pragma once
// Settings from the process environment.

#include <map>
#include <string>
#include <string_view>

namespace regent {

// "ppo.learning_rate" → "REGENT_PPO_LEARNING_RATE".
std::string environment_name(std::string_view key);

// Key → (variable, value) of every REGENT_… variable that is set. Keys contain underscores, so the names are
// looked up in the schema, not split. Throws InputError on a variable that names no key, suggesting the
// nearest one. Variables named REGENT_BUILD_…, REGENT_TEST_… and REGENT_BENCH_… belong to scripts and are
// left alone.
struct EnvironmentValue {
  std::string variable, value;
};
std::map<std::string, EnvironmentValue> environment_settings();

}  // namespace regent
