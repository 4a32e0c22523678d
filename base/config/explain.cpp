#include "base/config/explain.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/config/environment.hpp"
#include "base/config/suggest.hpp"
#include "base/config/value_text.hpp"
#include "base/error.hpp"
#include "base/terminal.hpp"

namespace regent {
namespace {

using nlohmann::ordered_json;

std::string name_in_section(const KeySpec& spec) {
  return spec.key.substr(section_of(spec.key).size() + 1);
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

struct Widths {
  std::size_t name = 0, value = 0, origin = 0;
};

Widths widths_of(const Config& config, const std::vector<const KeySpec*>& keys) {
  constexpr std::size_t column_max = 40;  // one long path must not push every help off the screen
  Widths widths;
  for (const KeySpec* spec : keys) {
    widths.name = std::max(widths.name, name_in_section(*spec).size());
    widths.value = std::max(widths.value, config.display(spec->key).size());
    widths.origin = std::max(widths.origin, config.origin(spec->key).size());
  }
  return {std::min(widths.name, column_max), std::min(widths.value, column_max),
          std::min(widths.origin, column_max)};
}

std::string origin_shown(const Config& config, const KeySpec& spec) {
  return config.is_set(spec.key) ? config.origin(spec.key) : "-";
}

std::string row(const Config& config, const KeySpec& spec, const Widths& widths) {
  const bool changed = config.is_set(spec.key) && config.origin(spec.key) != "default";
  const std::string origin = padded(origin_shown(config, spec), widths.origin);
  return "  " + padded(name_in_section(spec), widths.name) + "  " +
         padded(config.display(spec.key), widths.value) + "  " +
         coloured(origin, changed ? Colour::yellow : Colour::grey) + "  " + spec.help +
         (spec.unit.empty() ? "" : " [" + spec.unit + "]") + "\n";
}

std::string explain_one(const Config& config, const KeySpec& spec) {
  return spec.key + " = " + config.display(spec.key) + "\n  " + spec.help + "\n  comes from   " +
         (config.is_set(spec.key) ? config.origin(spec.key) : "nowhere: it has no default") +
         "\n  accepts      " + accepted_values(spec) + "\n  default      " +
         (spec.default_value.empty() ? "none" : spec.default_value) + "\n  set it with  --set " + spec.key +
         "=…, " + environment_name(spec.key) + "=…, or " + name_in_section(spec) + " under [" +
         section_of(spec.key) + "] in a file\n";
}

ordered_json value_as_json(const Config& config, const KeySpec& spec) {
  if (!config.is_set(spec.key)) return nullptr;
  switch (spec.type) {
    case ValueType::boolean:
      return config.boolean(spec.key);
    case ValueType::integer:
      return config.integer(spec.key);
    case ValueType::real:
      return config.real(spec.key);
    case ValueType::text:
      return config.text(spec.key);
    case ValueType::text_list:
      return config.text_list(spec.key);
  }
  return nullptr;
}

}  // namespace

std::vector<const KeySpec*> keys_named(std::string_view name) {
  std::vector<const KeySpec*> keys;
  std::vector<std::string> names;
  const std::string start = std::string(name) + ".";
  for (const KeySpec& spec : config_schema()) {
    if (name.empty() || spec.key == name || spec.key.compare(0, start.size(), start) == 0)
      keys.push_back(&spec);
    const std::string section = section_of(spec.key);
    if (std::find(names.begin(), names.end(), section) == names.end()) names.push_back(section);
    names.push_back(spec.key);
  }
  if (keys.empty()) {
    throw InputError("'" + std::string(name.substr(0, 80)) + "' is neither a key nor a section" +
                     suggestion(name, names));
  }
  return keys;
}

std::string explain_text(const Config& config, const std::vector<const KeySpec*>& keys) {
  if (keys.size() == 1) return explain_one(config, *keys.front());
  const Widths widths = widths_of(config, keys);
  std::string text, current;
  for (const KeySpec* spec : keys) {
    const std::string section = section_of(spec->key);
    if (section != current)
      text += (text.empty() ? "" : "\n") + coloured("[" + section + "]", Colour::bold) + "\n";
    current = section;
    text += row(config, *spec, widths);
  }
  return text;
}

std::string explain_json(const Config& config, const std::vector<const KeySpec*>& keys) {
  ordered_json document = ordered_json::object();
  for (const KeySpec* spec : keys) {
    const bool set = config.is_set(spec->key);
    document[spec->key] = {
        {"value", value_as_json(config, *spec)},
        {"set", set},
        {"origin", set ? ordered_json(config.origin(spec->key)) : ordered_json(nullptr)},
        {"type", type_name(spec->type)},
        {"unit", spec->unit},
        {"help", spec->help},
        {"default", spec->default_value.empty() ? ordered_json(nullptr) : ordered_json(spec->default_value)},
        {"accepts", accepted_values(*spec)},
        {"environment", environment_name(spec->key)}};
  }
  return document.dump(2);
}

std::string schema_as_toml() {
  std::string toml = "# Every key with its default. Keys that are commented out have none.\n";
  std::string current;
  for (const KeySpec& spec : config_schema()) {
    const std::string section = section_of(spec.key);
    if (section != current) toml += "\n[" + section + "]\n";
    current = section;
    toml += "# " + spec.help + " Accepts " + accepted_values(spec) + ".\n";
    toml +=
        (spec.default_value.empty() ? "# " : "") + name_in_section(spec) + " = " + spec.default_value + "\n";
  }
  return toml;
}

}  // namespace regent
