#pragma once
// Gathers observations (models/observation.hpp) from the tables of PpoData. No torch here.

#include <cstdint>
#include <span>

#include "rl/ppo.hpp"

namespace regent::rl {

// Writes one row of [inputs] floats: the observation of `symbol` at `bar` with the conviction decided last.
void fill_observation(const PpoData& data, std::size_t bar, std::size_t symbol, float conviction, float* row);

// bars, symbols, convictions: [lanes]; rows: [lanes, inputs]. Lanes over oneTBB.
void fill_observations(const PpoData& data, std::span<const std::int32_t> bars,
                       std::span<const std::int32_t> symbols, std::span<const float> convictions,
                       std::span<float> rows);

// Shapes, bar range and finiteness of everything that a roll-out may read; broken invariants.
void check_data(const PpoData& data);

}  // namespace regent::rl
