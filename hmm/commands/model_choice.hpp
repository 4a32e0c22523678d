#pragma once
// --model: one file for every symbol, or a folder with a file per symbol, SYMBOL.json or SYMBOL.safetensors.

#include <map>
#include <string>
#include <vector>

#include "hmm/commands/series_input.hpp"
#include "hmm/model_file.hpp"

namespace regent::hmm {

struct ModelChoice {
  std::map<std::string, Model> by_symbol;  // the key "" is for every symbol

  const Model& any() const { return by_symbol.begin()->second; }
  // One model, or one per series of `input`. Throws InputError naming a symbol that has none, or whose model
  // reads other features or has another shape.
  std::vector<Model> for_series(const SeriesInput& input, const std::string& path) const;
};

ModelChoice read_models(const std::string& path, const JsonReading& reading = {});

}  // namespace regent::hmm
