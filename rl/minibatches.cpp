#include "rl/minibatches.hpp"

#include <algorithm>
#include <utility>

#include "base/philox.hpp"

namespace regent::rl {

std::vector<std::int64_t> learnable_steps(std::span<const std::uint8_t> frozen) {
  std::vector<std::int64_t> steps;
  steps.reserve(frozen.size());
  for (std::size_t step = 0; step < frozen.size(); ++step) {
    if (frozen[step] == 0) steps.push_back(static_cast<std::int64_t>(step));
  }
  return steps;
}

void shuffle_steps(std::span<std::int64_t> steps, std::uint64_t seed, std::uint32_t pass) {
  const Random random{seed};
  for (std::size_t place = steps.size(); place-- > 1;) {
    const Philox4 bits = random.bits(static_cast<std::uint32_t>(place), pass, 0, Purpose::minibatch_order);
    // multiply-shift: uneven by less than 2^-32 per place
    const auto other = static_cast<std::size_t>(static_cast<std::uint64_t>(bits.x) * (place + 1) >> 32);
    std::swap(steps[place], steps[other]);
  }
}

std::vector<std::int64_t> minibatch_bounds(std::int64_t count, std::int64_t size) {
  if (count == 0) return {};
  const std::int64_t batches = std::max<std::int64_t>(1, (count + size / 2) / size);
  std::vector<std::int64_t> bounds;
  for (std::int64_t batch = 0; batch <= batches; ++batch) bounds.push_back(count * batch / batches);
  return bounds;
}

}  // namespace regent::rl
