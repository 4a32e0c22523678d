#include "bench/scenario/ceiling.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <array>
#include <functional>

#include "cuda/scenario/launch.hpp"

namespace regent::bench {

double normals_alone(const cuda::Resources& resources, std::int64_t paths, std::int64_t normals) {
  namespace detail = cuda::scenario::detail;
  const auto& kernel = detail::lane_kernel(resources.instruction_set());
  cuda::scenario::View view{};
  view.keys = cuda::scenario::round_keys(1);
  const tbb::blocked_range<std::int64_t> groups(0, (paths + kernel.width - 1) / kernel.width);
  const auto group_sum = [&](std::int64_t group) {
    std::array<std::uint32_t, 16> low{}, high{};
    std::array<double, 16> sums{};
    for (int lane = 0; lane < kernel.width; ++lane)
      low[lane] = static_cast<std::uint32_t>(group * kernel.width + lane);
    kernel.normals(view, {low.data(), high.data(), 0}, normals, sums.data());
    double sum = 0;
    for (const double value : sums) sum += value;
    return sum;
  };
  return tbb::parallel_reduce(
      groups, 0.0,
      [&](const auto& range, double sum) {
        for (std::int64_t group = range.begin(); group < range.end(); ++group) sum += group_sum(group);
        return sum;
      },
      std::plus<>());
}

}  // namespace regent::bench
