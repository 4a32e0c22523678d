#include "base/config/value_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace regent {
namespace {

// 16.0 reads better as a bound of an integer when it is "16".
std::string bound_text(double bound) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), bound);
  return error == std::errc() ? std::string(buffer.data(), end) : "?";
}

std::string range_text(const KeySpec& spec) {
  if (spec.minimum && spec.maximum)
    return " from " + bound_text(*spec.minimum) + " to " + bound_text(*spec.maximum);
  if (spec.minimum) return " of at least " + bound_text(*spec.minimum);
  if (spec.maximum) return " of at most " + bound_text(*spec.maximum);
  return "";
}

}  // namespace

std::string real_as_toml(double value) {
  REGENT_INVARIANT(std::isfinite(value), "a configured real is not finite");
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  REGENT_INVARIANT(error == std::errc(), "a double needs more than 32 characters");
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string text_as_toml(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      quoted += '\\';
      quoted += character;
    } else if (character == '\n') {
      quoted += "\\n";
    } else if (character == '\t') {
      quoted += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      quoted += escape.data();
    } else {
      quoted += character;
    }
  }
  return quoted + '"';
}

std::string list_as_toml(const std::vector<std::string>& list) {
  std::string text = "[";
  for (const std::string& item : list) text += (text.size() > 1 ? ", " : "") + text_as_toml(item);
  return text + "]";
}

const char* type_name(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return "boolean";
    case ValueType::integer:
      return "integer";
    case ValueType::real:
      return "real";
    case ValueType::text:
      return "text";
    case ValueType::text_list:
      return "list of texts";
  }
  return "?";
}

std::string accepted_values(const KeySpec& spec) {
  if (spec.type == ValueType::boolean) return "true or false";
  if (!spec.choices.empty()) {
    std::string text = spec.type == ValueType::text_list ? "a list of " : "one of ";
    for (const std::string& choice : spec.choices)
      text += (&choice == spec.choices.data() ? "" : ", ") + text_as_toml(choice);
    return text;
  }
  const char* article = spec.type == ValueType::integer ? "an " : "a ";
  return article + std::string(type_name(spec.type)) + range_text(spec) +
         (spec.unit.empty() ? "" : ", in " + spec.unit);
}

std::string section_of(std::string_view key) {
  return std::string(key.substr(0, key.find('.')));
}

}  // namespace regent
