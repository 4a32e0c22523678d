#pragma once
// Bars at which the market jumped.

#include <cstdint>
#include <vector>

#include "cuda/scenario/scenario.hpp"
#include "scenario/returns.hpp"

namespace regent::scenario {

// [bars, assets], 1 where an asset moved by more than `threshold` of its local standard deviation: an EWMA
// (0.94) of squares, each at most threshold² of the deviation before it, that knows nothing of the bar
// itself.
std::vector<std::uint8_t> jumps_of_assets(const Returns& returns, double threshold);

// [bars], 1 where a quarter of the assets, one at least, jumped.
std::vector<std::uint8_t> jumps_of_market(const Returns& returns, const std::vector<std::uint8_t>& of_assets);

// The law of those jumps. weights: [bars, regimes], how much a bar belongs to each. No jumps (empty
// intensity) where there are fewer than three. deviation: [assets], of the returns without jumps.
cuda::scenario::Jumps jump_law(const Returns& returns, const std::vector<std::uint8_t>& of_assets,
                               const std::vector<std::uint8_t>& of_market, const std::vector<double>& weights,
                               int regimes, const std::vector<double>& deviation);

}  // namespace regent::scenario
