#pragma once
// Values as TOML text that reads back as exactly the same value.

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.hpp"

namespace regent {

// Shortest text that parses to the same double, with a point or an exponent so that it stays a real.
std::string real_as_toml(double value);
// A basic string with its quotes.
std::string text_as_toml(std::string_view text);
std::string list_as_toml(const std::vector<std::string>& list);

// "integer from 1 to 64, in bars", 'one of "auto", "cpu"': what a key accepts, for messages and help.
std::string accepted_values(const KeySpec& spec);
const char* type_name(ValueType type);

// "ppo" of "ppo.learning_rate".
std::string section_of(std::string_view key);

}  // namespace regent
