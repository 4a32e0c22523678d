#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario {

std::int32_t replay_stride(std::int32_t windows) {
  auto stride = static_cast<std::int32_t>(std::lround(windows / std::numbers::phi));
  stride = std::max(stride, std::int32_t{1});
  while (std::gcd(stride, windows) != 1) ++stride;
  return stride;
}

}  // namespace regent::cuda::scenario
