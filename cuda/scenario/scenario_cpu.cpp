// Groups of as many paths as a vector register holds, over threads.

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>

#include "cuda/runtime/aligned.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {
namespace {

constexpr int width_max = 16;
using Workspace = Aligned<float>;

struct Numbers {
  std::array<std::uint32_t, width_max> low{}, high{};
};

// The upper words stand beside a purpose, in bits 8 to 31.
Numbers numbers_from(std::uint64_t first, int width) {
  Numbers numbers;
  for (int lane = 0; lane < width; ++lane) {
    const std::uint64_t path = first + static_cast<std::uint64_t>(lane);
    numbers.low[lane] = static_cast<std::uint32_t>(path);
    numbers.high[lane] = static_cast<std::uint32_t>(path >> 32) << 8;
  }
  return numbers;
}

// Room for one group's outcome: lanes beyond the last path go nowhere.
struct Spare {
  std::array<double, width_max> equity, turnover, costs;
  std::array<float, width_max> drawdown;
  std::array<std::int32_t, width_max> ruin;
  std::array<std::uint8_t, width_max> regime;
  OutcomeView view() {
    return {equity.data(), turnover.data(), costs.data(), drawdown.data(), ruin.data(), regime.data()};
  }
};

void keep(const OutcomeView& from, const OutcomeView& to, std::int64_t at, std::int64_t count) {
  std::copy_n(from.final_equity, count, to.final_equity + at);
  std::copy_n(from.turnover, count, to.turnover + at);
  std::copy_n(from.costs, count, to.costs + at);
  std::copy_n(from.drawdown_max, count, to.drawdown_max + at);
  std::copy_n(from.ruin_step, count, to.ruin_step + at);
  std::copy_n(from.final_regime, count, to.final_regime + at);
}

// The same for steps that are kept.
struct SpareRecord {
  std::vector<float> log_returns;
  std::vector<double> equity;
  std::vector<std::uint8_t> regime;
  std::vector<float> spread, impact;
  SpareRecord(const View& view, int width)
      : log_returns(static_cast<std::size_t>(width) * view.steps * view.assets),
        equity(static_cast<std::size_t>(width) * view.steps),
        regime(static_cast<std::size_t>(width) * view.steps),
        spread(regime.size()),
        impact(regime.size()) {}
  RecordView view() {
    return {log_returns.data(), equity.data(), regime.data(), spread.data(), impact.data()};
  }
};

void keep(const View& view, const SpareRecord& from, const RecordView& to, std::int64_t at,
          std::int64_t count) {
  const std::int64_t steps = view.steps, returns = steps * view.assets;
  std::copy_n(from.log_returns.data(), count * returns, to.log_returns + at * returns);
  std::copy_n(from.equity.data(), count * steps, to.equity + at * steps);
  std::copy_n(from.regime.data(), count * steps, to.regime + at * steps);
  std::copy_n(from.spread.data(), count * steps, to.spread + at * steps);
  std::copy_n(from.impact.data(), count * steps, to.impact + at * steps);
}

}  // namespace

void run_cpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const OutcomeView& out, const RecordView& record) {
  const LaneKernel& kernel = lane_kernel(resources.instruction_set());
  const View& view = packed.view;
  const std::int64_t width = kernel.width, groups = (paths + width - 1) / width;
  tbb::enumerable_thread_specific<Workspace> workspaces(
      Workspace(static_cast<std::size_t>((2 + curve_columns) * view.assets + view.factors) * width_max));
  tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, groups), [&](const auto& range) {
    float* work = workspaces.local().data();
    for (std::int64_t group = range.begin(); group < range.end(); ++group) {
      const std::int64_t at = group * width, count = std::min(width, paths - at);
      const Numbers numbers = numbers_from(first_path + static_cast<std::uint64_t>(at), kernel.width);
      Spare spare{};
      if (record.log_returns == nullptr) {
        kernel.run(view, {numbers.low.data(), numbers.high.data(), 0}, spare.view(), work);
      } else {
        SpareRecord steps(view, kernel.width);
        kernel.record(view, {numbers.low.data(), numbers.high.data(), 0}, spare.view(), steps.view(), work);
        keep(view, steps, record, at, count);
      }
      keep(spare.view(), out, at, count);
    }
  });
}

}  // namespace regent::cuda::scenario::detail
