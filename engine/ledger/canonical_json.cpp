#include "engine/ledger/canonical_json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace regent::engine {

namespace {

using nlohmann::json;

void append_real(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "null";
    return;
  }
  if (std::isinf(value)) {
    text += value > 0 ? "\"inf\"" : "\"-inf\"";
    return;
  }
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
  text += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) text += ".0";
}

// nlohmann::json keeps an object's keys sorted.
void append(std::string& text, const json& value);

void append_object(std::string& text, const json& value) {
  text += '{';
  bool first = true;
  for (const auto& [key, child] : value.items()) {
    if (!first) text += ',';
    first = false;
    text += json(key).dump();
    text += ':';
    append(text, child);
  }
  text += '}';
}

void append_array(std::string& text, const json& value) {
  text += '[';
  bool first = true;
  for (const json& child : value) {
    if (!first) text += ',';
    first = false;
    append(text, child);
  }
  text += ']';
}

void append(std::string& text, const json& value) {
  if (value.is_number_float()) {
    append_real(text, value.get<double>());
  } else if (value.is_object()) {
    append_object(text, value);
  } else if (value.is_array()) {
    append_array(text, value);
  } else {
    // text from outside may hold broken UTF-8: it is replaced, never an exception
    text += value.dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

}  // namespace

std::string canonical(const json& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace regent::engine
