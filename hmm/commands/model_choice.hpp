#pragma once
// --model: one file for every symbol, or a folder with a file per symbol, SYMBOL.json or SYMBOL.safetensors.
// A folder with nothing but model.json or market.json, as fit writes for data without symbols, is that one
// model.

#include <map>
#include <string>
#include <vector>

#include "hmm/commands/series_input.hpp"
#include "hmm/model_file.hpp"

namespace regent::hmm {

struct ModelChoice {
  std::map<std::string, Model> by_symbol;  // the key "" is for every symbol

  const Model& any() const { return by_symbol.begin()->second; }
  // nullptr: none.
  const Model* find(const std::string& symbol) const;
  // One model, or one per series of `input`, which was read with what any() says. Throws InputError naming a
  // symbol that has none, or whose model reads other features, has another shape than any() or was fitted on
  // bars of another length.
  std::vector<Model> for_series(const SeriesInput& input, const std::string& path) const;
};

// The name of a symbol's model file without its ending: the symbol itself, but for what no file name holds or
// hides: BTC/USDT is BTC%2FUSDT. No two symbols share one.
std::string file_stem_of(const std::string& symbol);
std::string symbol_of_file_stem(const std::string& stem);

ModelChoice read_models(const std::string& path, const JsonReading& reading = {});

}  // namespace regent::hmm
