#pragma once
// What all folds share, computed once from the panel: every value at bar t is a function of the bars up to t,
// except the execution returns, which are the labels. No torch here.

#include <string>
#include <vector>

#include "market/feature_stream.hpp"
#include "market/panel.hpp"

namespace regent {
class Config;
}

namespace regent::trainer {

struct TrainingData {
  market::Panel panel;
  market::FeatureTable features;
  std::vector<std::string> left_out;     // features whose columns the panel lacks, "name: needs volume"
  std::vector<std::string> columns;      // that the features need, and close
  std::vector<std::string> state_names;  // [D]
  std::vector<double> market_state;      // [bars, D]
  std::size_t warm_bar = 0;              // first bar on which features and market state are warm
  std::vector<float> execution_return;   // [bars, symbols], exec[t+2]/exec[t+1] − 1; NaN where unknown
  std::vector<float>
      volatility_scale;  // [bars, symbols], of close-to-close log returns per bar; NaN until known
  std::vector<double> execution_price;  // [bars, symbols]
};

// Throws InputError when no feature can be computed.
TrainingData prepare_data(market::Panel panel, const Config& config);

}  // namespace regent::trainer
