#include <algorithm>

#include "cuda/trading/indicators_job.hpp"

namespace regent::cuda::sweep {
namespace {

std::int64_t doubles_of(const ColumnKey& key, std::int64_t bars) {
  return bars * (room_of(key.indicator) + (passes_of(key.indicator) > 1 ? 1 : 0));
}

}  // namespace

IndicatorPlan::IndicatorPlan(std::span<const ColumnKey> keys, std::int64_t bars, std::size_t room_max) {
  const auto doubles = [&](std::size_t k) { return static_cast<std::size_t>(doubles_of(keys[k], bars)); };
  for (std::size_t first = 0, end = 0; first < keys.size(); first = end) {
    std::size_t together = doubles(end++);
    while (end < keys.size() && together + doubles(end) <= room_max) together += doubles(end++);
    room = std::max(room, together);
    put(keys, first, end, bars);
  }
}

// The columns [first, end); long windows come first in a launch, since they take longest.
void IndicatorPlan::put(std::span<const ColumnKey> keys, std::size_t first, std::size_t end,
                        std::int64_t bars) {
  for (int pass = 0; pass < 2; ++pass) {
    Launch launch{columns.size(), 0, 0, pass};
    std::int64_t begin = 0;
    for (std::size_t k = end; k-- > first;) {
      const ColumnKey& key = keys[k];
      if (pass < passes_of(key.indicator)) {
        columns.push_back(
            {key, static_cast<std::int64_t>(k), launch.parts, begin, begin + bars * room_of(key.indicator)});
        launch.parts += parts_of(key, pass, bars);
      }
      begin += doubles_of(key, bars);
    }
    launch.count = columns.size() - launch.first;
    if (launch.count > 0) launches.push_back(launch);
  }
}

}  // namespace regent::cuda::sweep
