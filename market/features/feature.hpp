#pragma once
// One feature: its declaration beside its body. Bodies write one value per lane; the stream overwrites with
// NaN while the feature warms up and where the symbol has no close.

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "market/feature_stream.hpp"
#include "market/features/history.hpp"

namespace regent::market {

struct Feature {
  FeatureSpec spec;
  std::function<void(const Block&, double*)> body;  // per symbol: [lanes] out
  std::function<void(const History&, double*)>
      whole_bar{};  // cross-sectional: [symbols] out; exactly one is set
};

// `window_bars` counts the bars that the formula reads, the current one included.
inline FeatureSpec declare(std::string name, std::string formula, std::string source, int window_bars,
                           std::vector<Column> needs, bool cross_sectional = false) {
  return {.name = std::move(name),
          .formula = std::move(formula),
          .source = std::move(source),
          .window_bars = window_bars,
          .warmup_bars = window_bars - 1,
          .needs = std::move(needs),
          .cross_sectional = cross_sectional};
}

// The families, one file each.
std::vector<Feature> return_features();
std::vector<Feature> volatility_features();
std::vector<Feature> oscillator_features();
std::vector<Feature> bar_shape_features();
std::vector<Feature> volume_features();
std::vector<Feature> trend_features();
std::vector<Feature> distribution_features();
std::vector<Feature> rank_features();
std::vector<Feature> market_model_features();

const std::vector<Feature>& all_features();  // in catalogue order

}  // namespace regent::market
