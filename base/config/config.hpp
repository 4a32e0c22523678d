#pragma once
// One TOML schema for all commands. A value comes from, strongest first: command-line flag (--set key=value
// or a command's own flag), environment (REGENT_<SECTION>_<KEY>, dots become underscores), project file
// (--config FILE, else ./regent.toml), user file ($XDG_CONFIG_HOME/regent/regent.toml), default. Unknown keys
// are errors that suggest the nearest known one; a wrong type or a value out of range names the file, line,
// key, value and what is right.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace regent {

enum class ValueType { boolean, integer, real, text, text_list };

// One key of the schema, declared once in base/config/schema_<section>.cpp.
struct KeySpec {
  std::string key;  // "ppo.learning_rate"
  ValueType type;
  std::string default_value;      // as TOML text: "3e-4", "true", "\"auto\"", "[]"; empty: unset by default
  std::string unit;               // "bars", "ms", "fraction of equity", "" …
  std::string help;               // one sentence
  std::optional<double> minimum;  // for integer and real, inclusive
  std::optional<double> maximum;
  std::vector<std::string> choices;  // for text
};

std::span<const KeySpec> config_schema();  // sorted by key
const KeySpec* find_key(std::string_view key);

struct ConfigSources {
  std::string file;                          // --config; empty: ./regent.toml when it exists
  std::map<std::string, std::string> flags;  // key → value as given on the command line
  bool environment = true;
  bool user_file = true;
};

class Config {
 public:
  // Throws InputError on an unknown key, a wrong type, a value out of range, or a file that cannot be parsed.
  static Config load(const ConfigSources& sources);
  // From one TOML text alone (a bundle's config.toml, tests).
  static Config from_toml(std::string_view toml, const std::string& name_for_errors);

  // Typed access. A key that is not in the schema, or of another type, is a broken invariant; a key that is
  // unset (no default and nothing given) is an InputError that says how to set it.
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double real(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<std::string>& text_list(std::string_view key) const;
  bool is_set(std::string_view key) const;

  // "default", "environment REGENT_…", "flag", or "regent.toml:12".
  const std::string& origin(std::string_view key) const;
  // A value as TOML text; "(unset)" when it is unset.
  std::string display(std::string_view key) const;
  // Every set key of the named sections (all when empty), sorted: what a bundle keeps.
  std::string to_toml(std::span<const std::string> sections = {}) const;

 private:
  struct Value {
    bool set = false;
    bool boolean = false;
    std::int64_t integer = 0;
    double real = 0;
    std::string text;
    std::vector<std::string> list;
    std::string origin = "default";
  };
  friend class ConfigBuilder;
  const Value& value(std::string_view key, ValueType type) const;
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace regent
