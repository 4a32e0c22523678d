#pragma once
// TOML text as a flat list of keys with the line each one stands on.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace regent {

// A value of a type that no key has: a date, a list of numbers.
struct UnsupportedValue {
  std::string type;
};

using TomlValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, UnsupportedValue>;

struct TomlEntry {
  std::string key;  // "ppo.learning_rate"
  TomlValue value;
  std::string origin;  // "regent.toml:12"
};

// Throws InputError with file and line when the text is no TOML.
// An empty table is an entry of its own, with the value UnsupportedValue{"table"}: its name may be misspelt.
std::vector<TomlEntry> parse_toml(std::string_view toml, const std::string& name);

}  // namespace regent
