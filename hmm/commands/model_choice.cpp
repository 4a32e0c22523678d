#include "hmm/commands/model_choice.hpp"

#include <filesystem>

#include "base/config/suggest.hpp"
#include "base/error.hpp"

namespace regent::hmm {
namespace {

bool one_shape(const Model& a, const Model& b) {
  return a.macros == b.macros && a.micros == b.micros && a.features == b.features &&
         a.emission == b.emission && a.components == b.components;
}

}  // namespace

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
        choice.by_symbol.emplace(entry.path().stem().string(), read_model(entry.path(), reading));
    if (!is_new) {
      throw InputError(path + ": " + at->first + " has a model as .json and one as .safetensors; keep one");
    }
  }
  if (choice.by_symbol.empty()) {
    throw InputError(path + ": the folder holds no model; expected SYMBOL.json or SYMBOL.safetensors");
  }
  return choice;
}

std::vector<Model> ModelChoice::for_series(const SeriesInput& input, const std::string& path) const {
  const auto all = by_symbol.find("");
  if (all != by_symbol.end()) return {all->second};
  std::vector<std::string> names;
  for (const auto& [symbol, model] : by_symbol) names.push_back(symbol);
  std::vector<Model> models;
  for (const auto& one : input.series) {
    const auto found = by_symbol.find(one.symbol);
    if (found == by_symbol.end()) {
      throw InputError(path + ": no model for the symbol \"" + one.symbol + "\"" +
                       suggestion(one.symbol, names));
    }
    models.push_back(found->second);
    if (!one_shape(models.back(), models.front())) {
      throw InputError(path + ": the models of " + input.series.front().symbol + " and " + one.symbol +
                       " differ in states, features or emission; use them in separate calls");
    }
  }
  return models;
}

}  // namespace regent::hmm
