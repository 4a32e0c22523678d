#include "scenario/commands/dream_policy.hpp"

#include <algorithm>

namespace regent::scenario {

cuda::scenario::Outcomes SetWeights::run(const cuda::scenario::Task& task, std::uint64_t first,
                                         std::int64_t paths) const {
  return cuda::scenario::run(device_, task, first, paths);
}

cuda::scenario::Paths SetWeights::record(const cuda::scenario::Task& task, std::uint64_t first,
                                         std::int64_t paths) const {
  return cuda::scenario::record(cpu_, task, first, paths);
}

std::int64_t SetWeights::chunk_paths(std::size_t assets, std::int64_t steps) const {
  const auto values = static_cast<std::int64_t>(assets) * steps;
  return std::clamp<std::int64_t>(400'000'000 / values / 16 * 16, 16, 1 << 20);
}

}  // namespace regent::scenario
