#include "base/config/toml_source.hpp"

#include <toml++/toml.h>

#include <sstream>
#include <utility>

#include "base/error.hpp"

namespace regent {
namespace {

std::string place(const std::string& name, const toml::source_region& source) {
  return name + ":" + std::to_string(source.begin.line);
}

std::string type_text(const toml::node& node) {
  std::ostringstream text;
  text << node.type();
  return text.str();
}

TomlValue list_value(const toml::array& array) {
  std::vector<std::string> list;
  for (const toml::node& item : array) {
    const toml::value<std::string>* text = item.as_string();
    if (text == nullptr) return UnsupportedValue{"list with an element of type " + type_text(item)};
    list.push_back(text->get());
  }
  return list;
}

TomlValue value_of(const toml::node& node) {
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* array = node.as_array()) return list_value(*array);
  return UnsupportedValue{type_text(node)};
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& name,
             std::vector<TomlEntry>& entries) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    const toml::table* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      flatten(*inner, path, name, entries);
    } else {
      entries.push_back({path, value_of(node), place(name, key.source())});
    }
  }
}

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view toml, const std::string& name) {
  try {
    std::vector<TomlEntry> entries;
    flatten(toml::parse(toml, name), "", name, entries);
    return entries;
  } catch (const toml::parse_error& error) {
    throw InputError(place(name, error.source()) + ": no valid TOML: " + std::string(error.description()));
  }
}

}  // namespace regent
