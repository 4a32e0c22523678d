#pragma once
// A configuration as people read it: each value with where it came from, what it means and what it may be.

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.hpp"

namespace regent {

// The keys that `name` means: one key, every key of a section, or all when it is empty. Throws InputError
// that suggests the nearest name.
std::vector<const KeySpec*> keys_named(std::string_view name);

// A table per section, or everything about one key when `keys` holds one.
std::string explain_text(const Config& config, const std::vector<const KeySpec*>& keys);
// {"ppo.learning_rate": {"value", "set", "origin", "type", "unit", "help", "default", "accepts",
// "environment"}, …}
std::string explain_json(const Config& config, const std::vector<const KeySpec*>& keys);

// A complete configuration file: every key with its default, commented; unset ones are commented out.
std::string schema_as_toml();

}  // namespace regent
