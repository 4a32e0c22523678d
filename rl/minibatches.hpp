#pragma once
// The order in which the steps of a roll-out are learnt from.

#include <cstdint>
#include <span>
#include <vector>

namespace regent::rl {

// Steps that carry something to learn: those that are not frozen, in order. frozen [steps].
std::vector<std::int64_t> learnable_steps(std::span<const std::uint8_t> frozen);

// Shuffles in place (Fisher and Yates; Durstenfeld, 1964) by Philox with counter (place, pass, 0,
// minibatch_order).
void shuffle_steps(std::span<std::int64_t> steps, std::uint64_t seed, std::uint32_t pass);

// Cuts `count` steps into minibatches of nearly equal size, as close to `size` as whole numbers allow: the
// bounds, from 0 to count. Empty when count is 0.
std::vector<std::int64_t> minibatch_bounds(std::int64_t count, std::int64_t size);

}  // namespace regent::rl
