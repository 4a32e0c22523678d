#include "hmm/commands/model_choice.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "hmm/commands/bar_length.hpp"

namespace regent::hmm {
namespace {

bool one_shape(const Model& a, const Model& b) {
  return a.macros == b.macros && a.micros == b.micros && a.features == b.features &&
         a.emission == b.emission && a.components == b.components;
}

bool needs_escape(const std::string& symbol, std::size_t i) {
  const auto c = static_cast<unsigned char>(symbol[i]);
  return c == '/' || c == '%' || c < 0x20 || (c == '.' && i == 0);
}

// The byte of %2F at `i`; nothing where no two hexadecimal digits follow.
std::optional<char> escaped_at(const std::string& stem, std::size_t i) {
  if (stem[i] != '%' || i + 2 >= stem.size()) return std::nullopt;
  unsigned byte = 0;
  const char* end = stem.data() + i + 3;
  const auto [stop, error] = std::from_chars(stem.data() + i + 1, end, byte, 16);
  return error == std::errc() && stop == end ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

}  // namespace

std::string file_stem_of(const std::string& symbol) {
  std::string stem;
  for (std::size_t i = 0; i < symbol.size(); ++i) {
    char escaped[4] = {symbol[i], 0};
    if (needs_escape(symbol, i)) {
      std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(symbol[i]));
    }
    stem += escaped;
  }
  return stem;
}

std::string symbol_of_file_stem(const std::string& stem) {
  std::string symbol;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    const auto byte = escaped_at(stem, i);
    symbol += byte.value_or(stem[i]);
    if (byte) i += 2;
  }
  return symbol;
}

ModelChoice read_models(const std::string& path, const JsonReading& reading) {
  ModelChoice choice;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    choice.by_symbol.emplace("", read_model(path, reading));
    return choice;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".json" && extension != ".safetensors") continue;
    const auto [at, is_new] =
        choice.by_symbol.emplace(symbol_of_file_stem(entry.path().stem()), read_model(entry.path(), reading));
    if (!is_new) {
      throw InputError(path + ": " + at->first +
                       " has two models, perhaps as .json and as .safetensors; keep one");
    }
  }
  if (choice.by_symbol.empty()) {
    throw InputError(path + ": the folder holds no model; expected SYMBOL.json or SYMBOL.safetensors");
  }
  const std::string& first = choice.by_symbol.begin()->first;
  if (choice.by_symbol.size() == 1 && (first == "model" || first == "market")) {
    auto node = choice.by_symbol.extract(choice.by_symbol.begin());
    node.key().clear();
    choice.by_symbol.insert(std::move(node));
  }
  return choice;
}

const Model* ModelChoice::find(const std::string& symbol) const {
  const auto all = by_symbol.find(""), own = by_symbol.find(symbol);
  if (all != by_symbol.end()) return &all->second;
  if (symbol.empty() && by_symbol.size() == 1) return &any();  // data without symbols have one series
  return own != by_symbol.end() ? &own->second : nullptr;
}

std::vector<Model> ModelChoice::for_series(const SeriesInput& input, const std::string& path) const {
  const auto all = by_symbol.find("");
  if (all != by_symbol.end()) {
    check_bar_length(std::span(&all->second, 1), input, path);
    return {all->second};
  }
  std::vector<std::string> names;
  for (const auto& [symbol, model] : by_symbol) names.push_back(symbol);
  std::vector<Model> models;
  for (const auto& one : input.series) {
    const Model* model = find(one.symbol);
    if (model == nullptr) {
      throw InputError(path + ": no model for the symbol \"" + one.symbol + "\"" +
                       suggestion(one.symbol, names));
    }
    if (!one_shape(*model, any())) {
      throw InputError(path + ": the models of " + by_symbol.begin()->first + " and " + one.symbol +
                       " differ in states, features or emission; use them in separate calls, a folder each");
    }
    models.push_back(*model);
  }
  check_bar_length(models, input, path);
  return models;
}

}  // namespace regent::hmm
