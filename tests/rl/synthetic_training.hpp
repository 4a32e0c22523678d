#pragma once
// A synthetic market as PpoData, for tests. Holds the arrays that the spans point into.

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "market/synthetic.hpp"
#include "rl/ppo.hpp"

namespace regent::rl {

// Trailing volatility of log returns of the execution price, exponentially weighted; what the reward is
// scaled by.
inline std::vector<float> trailing_volatility(const market::Panel& panel, double half_life = 33) {
  const double keep = std::exp2(-1 / half_life);
  const std::size_t symbols = panel.symbol_count();
  std::vector<float> scales(panel.bars() * symbols, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
    double variance = 0;
    double weight = 0;
    for (std::size_t bar = 1; bar < panel.bars(); ++bar) {
      const double change = std::log(panel.at(market::Column::close, bar, symbol) /
                                     panel.at(market::Column::close, bar - 1, symbol));
      variance = keep * variance + (1 - keep) * change * change;
      weight = keep * weight + (1 - keep);
      scales[bar * symbols + symbol] = static_cast<float>(std::sqrt(variance / weight));
    }
  }
  return scales;
}

inline std::vector<float> execution_returns(const market::Panel& panel) {
  const std::size_t symbols = panel.symbol_count();
  std::vector<float> returns(panel.bars() * symbols, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t bar = 0; bar + 2 < panel.bars(); ++bar) {
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      returns[bar * symbols + symbol] =
          static_cast<float>(panel.at(panel.execution_column(), bar + 2, symbol) /
                                 panel.at(panel.execution_column(), bar + 1, symbol) -
                             1);
    }
  }
  return returns;
}

// Owns everything that PpoData views. Posteriors: the true regime, blurred (0.9 on the true one), one micro
// state each.
struct SyntheticTraining {
  std::vector<float> returns, scales, features, macro, micro;
  PpoData data;

  SyntheticTraining(const market::SyntheticResult& market, std::vector<float> feature_values,
                    std::size_t feature_count, std::size_t first_bar, std::size_t end_bar)
      : returns(execution_returns(market.panel)),
        scales(trailing_volatility(market.panel)),
        features(std::move(feature_values)) {
    for (const int regime : market.regime) {
      for (int i = 0; i < 3; ++i) macro.push_back(i == regime ? 0.9F : 0.05F);
    }
    micro = macro;
    data.environment = {returns, scales, market.panel.bars(), market.panel.symbol_count()};
    data.layout = {feature_count, 3, 3};
    data.features = features;
    data.macro_posterior = macro;
    data.micro_posterior = micro;
    data.first_bar = first_bar;
    data.end_bar = end_bar;
  }
  SyntheticTraining(const SyntheticTraining&) = delete;
  SyntheticTraining& operator=(const SyntheticTraining&) = delete;

  PpoData range(std::size_t first_bar, std::size_t end_bar) const {
    PpoData part = data;
    part.first_bar = first_bar;
    part.end_bar = end_bar;
    return part;
  }
};

}  // namespace regent::rl
