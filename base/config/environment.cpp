#include "base/config/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/config/config.hpp"
#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent {
namespace {

constexpr std::string_view prefix = "REGENT_";
constexpr std::array<std::string_view, 2> of_scripts{"REGENT_TEST_", "REGENT_BENCH_"};

std::map<std::string, std::string> keys_by_variable() {
  std::map<std::string, std::string> keys;
  for (const KeySpec& spec : config_schema()) keys[environment_name(spec.key)] = spec.key;
  return keys;
}

bool belongs_to_scripts(std::string_view variable) {
  return std::any_of(of_scripts.begin(), of_scripts.end(),
                     [&](std::string_view start) { return variable.substr(0, start.size()) == start; });
}

}  // namespace

std::string environment_name(std::string_view key) {
  std::string name(prefix);
  for (const char character : key) {
    const bool lower = character >= 'a' && character <= 'z';
    name += character == '.' || character == '-'
                ? '_'
                : (lower ? static_cast<char>(character - 'a' + 'A') : character);
  }
  return name;
}

std::map<std::string, EnvironmentValue> environment_settings() {
  const std::map<std::string, std::string> keys = keys_by_variable();
  std::map<std::string, EnvironmentValue> settings;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.substr(0, prefix.size()) != prefix || equals == std::string_view::npos) continue;
    const std::string variable(text.substr(0, equals));
    if (belongs_to_scripts(variable)) continue;
    const auto found = keys.find(variable);
    if (found == keys.end()) {
      std::vector<std::string> names;
      for (const auto& [name, key] : keys) names.push_back(name);
      throw InputError("environment variable " + variable + " names no configuration key" +
                       suggestion(variable, names));
    }
    settings[found->second] = {variable, std::string(text.substr(equals + 1))};
  }
  return settings;
}

}  // namespace regent
