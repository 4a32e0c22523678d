#pragma once
// Philox4x32-10. Source: Salmon, Moraes, Dror, Shaw (2011), Parallel Random Numbers: As Easy as 1, 2, 3.
// counter = (path, step, draw, purpose), key = seed: any number can be made again alone, on either device, in
// any order.

#include <cstdint>

#include "base/host_device.hpp"

namespace regent {

struct Philox4 {
  std::uint32_t x, y, z, w;
};

REGENT_HD inline Philox4 philox4x32_10(Philox4 counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(0xD2511F53U) * counter.x;
    const std::uint64_t p1 = static_cast<std::uint64_t>(0xCD9E8D57U) * counter.z;
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter.y ^ key0, static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter.w ^ key1, static_cast<std::uint32_t>(p0)};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return counter;
}

// What a stream of numbers is used for; a new use takes a new value, so that it shifts no other.
enum class Purpose : std::uint32_t {
  none = 0,
  synthetic_market = 1,
  hmm_initialisation = 2,
  network_weights = 3,
  action_noise = 4,
  environment_reset = 5,
  minibatch_order = 6,
  shuffle = 7,
  bootstrap = 8,
  hmm_sample = 9,
  // of scenarios (cuda/scenario); the bits from 2^8 on are there the path's upper bits
  scenario_state = 10,           // regime, tail, jump count, liquidity
  scenario_diffusion = 11,       // normals of factors, then of assets
  scenario_jump = 12,            // size, then who takes part
  scenario_volatility = 13,      // normal of the square-root diffusion
  scenario_history = 14,         // which bar of the history comes next
  scenario_own_volatility = 15,  // normals of the assets' own volatilities before the first step
  scenario_shape = 16            // which bar of an asset lends its open, high, low and volume
};

struct Random {
  std::uint64_t seed;
  REGENT_HD Philox4 bits(std::uint32_t path, std::uint32_t step, std::uint32_t draw, Purpose purpose) const {
    return philox4x32_10({path, step, draw, static_cast<std::uint32_t>(purpose)},
                         static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
  }
};

// Uniform in (0, 1), never 0 or 1: the upper 53 bits of two words, centred.
REGENT_HD inline double uniform_from_bits(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 12;
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

}  // namespace regent
