#include "base/config/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/config/environment.hpp"
#include "base/config/suggest.hpp"
#include "base/config/toml_source.hpp"
#include "base/config/value_text.hpp"
#include "base/error.hpp"

namespace regent {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;
constexpr std::int64_t exact_integer_max = std::int64_t{1} << 53;  // what a double holds exactly

std::string value_shown(const TomlValue& value) {
  struct Shown {
    std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double real) const {
      return std::isfinite(real) ? real_as_toml(real)
                                 : (std::isnan(real) ? "nan" : (real > 0 ? "inf" : "-inf"));
    }
    std::string operator()(const std::string& text) const { return text_as_toml(text.substr(0, 80)); }
    std::string operator()(const std::vector<std::string>& list) const {
      return list_as_toml(list).substr(0, 120);
    }
    std::string operator()(const UnsupportedValue& other) const { return "(" + other.type + ")"; }
  };
  return std::visit(Shown{}, value);
}

[[noreturn]] void reject(const KeySpec& spec, const std::string& shown, const std::string& origin) {
  throw InputError(origin + ": " + spec.key + " = " + shown + ": expected " + accepted_values(spec));
}

std::vector<std::string> schema_names(bool sections) {
  std::set<std::string> names;
  for (const KeySpec& spec : config_schema()) names.insert(sections ? section_of(spec.key) : spec.key);
  return {names.begin(), names.end()};
}

bool is_section(const std::string& path) {
  const std::string start = path + ".";
  const std::span<const KeySpec> schema = config_schema();
  return std::any_of(schema.begin(), schema.end(),
                     [&](const KeySpec& spec) { return spec.key.compare(0, start.size(), start) == 0; });
}

const KeySpec& known_key(const std::string& key, const std::string& origin) {
  if (const KeySpec* spec = find_key(key)) return *spec;
  if (is_section(key)) throw InputError(origin + ": '" + key + "' is a section, no key");
  const std::string section = section_of(key);
  if (section != key && !is_section(section)) {
    throw InputError(origin + ": unknown section [" + section + "] in '" + key + "'" +
                     suggestion(section, schema_names(true)));
  }
  throw InputError(origin + ": unknown key '" + key + "'" + suggestion(key, schema_names(false)));
}

// A number from a flag or the environment must be a number to its last character.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+' && text.substr(0, 2) != "+-") text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> list;
  std::size_t start = 0;
  while (!text.empty() && start <= text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    std::string item = text.substr(start, comma - start);
    const std::size_t first = item.find_first_not_of(" \t"), last = item.find_last_not_of(" \t");
    list.push_back(first == std::string::npos ? "" : item.substr(first, last - first + 1));
    start = comma + 1;
  }
  return list;
}

// A list or a quoted text from a flag is TOML; a newline would let it say more than one thing.
std::optional<TomlValue> parse_as_toml(const std::string& text) {
  if (text.find_first_of("\n\r") != std::string::npos) return std::nullopt;
  try {
    std::vector<TomlEntry> entries = parse_toml("value = " + text, "");
    if (entries.size() == 1 && entries.front().key == "value") return std::move(entries.front().value);
  } catch (const InputError&) {
    return std::nullopt;
  }
  return std::nullopt;
}

// What a person types after --set key= or into a variable: text without quotes, lists with commas.
TomlValue parse_plain(const KeySpec& spec, const std::string& text, const std::string& origin) {
  std::optional<TomlValue> value;
  switch (spec.type) {
    case ValueType::boolean:
      if (text == "true" || text == "false") value = text == "true";
      break;
    case ValueType::integer:
      if (const auto integer = parse_number<std::int64_t>(text)) value = *integer;
      break;
    case ValueType::real:
      if (const auto real = parse_number<double>(text)) value = *real;
      break;
    case ValueType::text:
      value = text.size() >= 2 && text.front() == '"' ? parse_as_toml(text) : TomlValue(text);
      break;
    case ValueType::text_list:
      value = text.empty() || text.front() != '[' ? TomlValue(split_at_commas(text)) : parse_as_toml(text);
      break;
  }
  if (!value) reject(spec, text_as_toml(text.substr(0, 80)), origin);
  return *std::move(value);
}

std::string user_file() {
  const char* config_home = std::getenv("XDG_CONFIG_HOME");
  if (config_home != nullptr && *config_home == '/') return std::string(config_home) + "/regent/regent.toml";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.config/regent/regent.toml" : "";
}

}  // namespace

// Lays the sources over each other, weakest first.
class ConfigBuilder {
 public:
  ConfigBuilder() {
    for (const KeySpec& spec : config_schema()) {
      REGENT_INVARIANT(config_.values_.emplace(spec.key, Config::Value()).second,
                       spec.key + " is declared twice");
      if (spec.default_value.empty()) continue;
      const std::optional<TomlValue> value = parse_as_toml(spec.default_value);
      REGENT_INVARIANT(value.has_value(),
                       "the default of " + spec.key + " is no TOML value: " + spec.default_value);
      try {
        set(spec, *value, "default");
      } catch (const InputError& error) {
        REGENT_INVARIANT(false, error.what());
      }
    }
  }

  void add_toml(std::string_view toml, const std::string& name) {
    std::map<std::string, std::string> seen;
    for (const TomlEntry& entry : parse_toml(toml, name)) {
      const auto* other = std::get_if<UnsupportedValue>(&entry.value);
      if (other != nullptr && other->type == "table" && is_section(entry.key))
        continue;  // an empty [section]
      const KeySpec& spec = known_key(entry.key, entry.origin);
      const auto [first, is_new] = seen.emplace(entry.key, entry.origin);
      if (!is_new) throw InputError(entry.origin + ": " + entry.key + " stands already at " + first->second);
      set(spec, entry.value, entry.origin);
    }
  }

  void add_file(const std::string& path) { add_toml(read_file(path, file_bytes_max), path); }

  void add_environment() {
    for (const auto& [key, setting] : environment_settings())
      add_plain(key, setting.value, "environment " + setting.variable);
  }

  void add_plain(const std::string& key, const std::string& text, const std::string& origin) {
    const KeySpec& spec = known_key(key, origin);
    set(spec, parse_plain(spec, text, origin), origin);
  }

  Config build() { return std::move(config_); }

 private:
  void set(const KeySpec& spec, const TomlValue& given, const std::string& origin) {
    Config::Value value;
    value.set = true;
    value.origin = origin;
    if (!convert(spec, given, value)) reject(spec, value_shown(given), origin);
    config_.values_[spec.key] = std::move(value);
  }

  static bool convert(const KeySpec& spec, const TomlValue& given, Config::Value& value) {
    switch (spec.type) {
      case ValueType::boolean:
        return take(given, value.boolean);
      case ValueType::integer:
        return take(given, value.integer) && in_range(spec, value.integer);
      case ValueType::real:
        return take_real(given, value.real) && in_range(spec, value.real);
      case ValueType::text:
        return take(given, value.text) && is_choice(spec, value.text);
      case ValueType::text_list:
        return take(given, value.list) &&
               std::all_of(value.list.begin(), value.list.end(),
                           [&](const auto& item) { return is_choice(spec, item); });
    }
    return false;
  }

  template <typename Value>
  static bool take(const TomlValue& given, Value& value) {
    const Value* found = std::get_if<Value>(&given);
    if (found != nullptr) value = *found;
    return found != nullptr;
  }

  static bool take_real(const TomlValue& given, double& value) {
    if (std::int64_t integer = 0; take(given, integer)) {
      value = static_cast<double>(integer);
      return integer >= -exact_integer_max && integer <= exact_integer_max;
    }
    return take(given, value) && std::isfinite(value);
  }

  template <typename Number>
  static bool in_range(const KeySpec& spec, Number number) {
    const auto value = static_cast<double>(number);
    return (!spec.minimum || value >= *spec.minimum) && (!spec.maximum || value <= *spec.maximum);
  }

  static bool is_choice(const KeySpec& spec, const std::string& text) {
    return spec.choices.empty() ||
           std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end();
  }

  Config config_;
};

Config Config::load(const ConfigSources& sources) {
  namespace fs = std::filesystem;
  ConfigBuilder builder;
  std::error_code ignored;
  if (const std::string user = user_file(); sources.user_file && !user.empty() && fs::exists(user, ignored)) {
    builder.add_file(user);
  }
  if (!sources.file.empty()) {
    builder.add_file(sources.file);
  } else if (fs::exists("regent.toml", ignored)) {
    builder.add_file("regent.toml");
  }
  if (sources.environment) builder.add_environment();
  for (const auto& [key, text] : sources.flags) builder.add_plain(key, text, "flag");
  return builder.build();
}

Config Config::from_toml(std::string_view toml, const std::string& name_for_errors) {
  ConfigBuilder builder;
  builder.add_toml(toml, name_for_errors);
  return builder.build();
}

const Config::Value& Config::value(std::string_view key, ValueType type) const {
  const KeySpec* spec = find_key(key);
  REGENT_INVARIANT(spec != nullptr, "no such key: " + std::string(key));
  REGENT_INVARIANT(spec->type == type,
                   spec->key + " is a " + type_name(spec->type) + ", read as a " + type_name(type));
  const auto found = values_.find(key);
  REGENT_INVARIANT(found != values_.end(), "a configuration that was not loaded is read");
  if (!found->second.set) {
    throw InputError(spec->key + " is not set and has no default: put " +
                     spec->key.substr(section_of(key).size() + 1) + " under [" + section_of(key) +
                     "] in the configuration file, or pass --set " + spec->key + "=… or " +
                     environment_name(key) + "; expected " + accepted_values(*spec));
  }
  return found->second;
}

bool Config::boolean(std::string_view key) const {
  return value(key, ValueType::boolean).boolean;
}
std::int64_t Config::integer(std::string_view key) const {
  return value(key, ValueType::integer).integer;
}
double Config::real(std::string_view key) const {
  return value(key, ValueType::real).real;
}
const std::string& Config::text(std::string_view key) const {
  return value(key, ValueType::text).text;
}
const std::vector<std::string>& Config::text_list(std::string_view key) const {
  return value(key, ValueType::text_list).list;
}

bool Config::is_set(std::string_view key) const {
  REGENT_INVARIANT(find_key(key) != nullptr, "no such key: " + std::string(key));
  const auto found = values_.find(key);
  return found != values_.end() && found->second.set;
}

const std::string& Config::origin(std::string_view key) const {
  const auto found = values_.find(key);
  REGENT_INVARIANT(found != values_.end(), "no such key: " + std::string(key));
  return found->second.origin;
}

std::string Config::display(std::string_view key) const {
  const KeySpec* spec = find_key(key);
  REGENT_INVARIANT(spec != nullptr, "no such key: " + std::string(key));
  if (!is_set(key)) return "(unset)";
  const Value& found = value(key, spec->type);
  switch (spec->type) {
    case ValueType::boolean:
      return found.boolean ? "true" : "false";
    case ValueType::integer:
      return std::to_string(found.integer);
    case ValueType::real:
      return real_as_toml(found.real);
    case ValueType::text:
      return text_as_toml(found.text);
    case ValueType::text_list:
      return list_as_toml(found.list);
  }
  return "";
}

std::string Config::to_toml(std::span<const std::string> sections) const {
  std::string toml, current;
  for (const KeySpec& spec : config_schema()) {
    const std::string section = section_of(spec.key);
    const bool wanted =
        sections.empty() || std::find(sections.begin(), sections.end(), section) != sections.end();
    if (!wanted || !is_set(spec.key)) continue;
    if (section != current) {
      toml += (toml.empty() ? "[" : "\n[") + section + "]\n";
      current = section;
    }
    toml += spec.key.substr(section.size() + 1) + " = " + display(spec.key) + "\n";
  }
  return toml;
}

}  // namespace regent
