#include "cuda/scenario/scenario.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_reduce.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.hpp"
#include "base/large_pages.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario {
namespace {

using detail::Packed;

// Path numbers have 24 bits beside the purpose and 32 below.
constexpr std::uint64_t path_numbers = std::uint64_t{1} << 56;

void check_range(std::uint64_t first_path, std::int64_t paths) {
  if (paths < 0 || first_path >= path_numbers ||
      static_cast<std::uint64_t>(paths) > path_numbers - first_path)
    throw InputError("scenario: " + std::to_string(paths) + " paths from number " +
                     std::to_string(first_path) + "; numbers below 2^56 are possible");
}

OutcomeView view_of(Outcomes& out) {
  return {out.final_equity.data(), out.turnover.data(),  out.costs.data(),
          out.drawdown_max.data(), out.ruin_step.data(), out.final_regime.data()};
}

bool finite(const Outcomes& out, std::size_t i) {
  return std::isfinite(out.final_equity[i] + out.turnover[i] + out.costs[i] + out.drawdown_max[i]);
}

void check_finite(const Outcomes& out, std::uint64_t first_path) {
  using Range = tbb::blocked_range<std::size_t>;
  constexpr std::size_t none = std::numeric_limits<std::size_t>::max(), grain = 512;
  const std::size_t bad = tbb::parallel_reduce(
      Range(0, out.final_equity.size(), grain), none,
      [&](const Range& range, std::size_t found) {
        for (std::size_t i = range.begin(); i < range.end(); ++i) {
          if (!finite(out, i)) found = std::min(found, i);
        }
        return found;
      },
      [](std::size_t a, std::size_t b) { return std::min(a, b); });
  if (bad == none) return;
  throw Error("scenario: path " + std::to_string(first_path + bad) +
              " left the range of numbers; its volatility, jumps or leverage are too large");
}

// `count` zeros.
template <class Value>
void make_room(std::vector<Value>& values, std::size_t count) {
  values.reserve(count);
  ask_for_large_pages(values.data(), count * sizeof(Value));
  values.resize(count);
}

template <class Value>
void append_some(std::vector<Value>& to, const std::vector<Value>& from, std::size_t first,
                 std::size_t count) {
  const auto begin = from.begin() + static_cast<std::ptrdiff_t>(first);
  to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

Outcomes room_for_outcomes(std::size_t paths) {
  Outcomes out;
  const auto room = [paths](auto& values) { return [paths, &values] { make_room(values, paths); }; };
  tbb::parallel_invoke(room(out.final_equity), room(out.turnover), room(out.costs), room(out.drawdown_max),
                       room(out.ruin_step), room(out.final_regime));
  return out;
}

void append(Outcomes& to, const Outcomes& from, std::size_t first, std::size_t count) {
  append_some(to.final_equity, from.final_equity, first, count);
  append_some(to.turnover, from.turnover, first, count);
  append_some(to.costs, from.costs, first, count);
  append_some(to.drawdown_max, from.drawdown_max, first, count);
  append_some(to.ruin_step, from.ruin_step, first, count);
  append_some(to.final_regime, from.final_regime, first, count);
}

Outcomes run(const Resources& resources, const Task& task, std::uint64_t first_path, std::int64_t paths) {
  validate(task);
  check_range(first_path, paths);
  Outcomes out;
  if (paths == 0) return out;
  const auto room = [&] {
    out = room_for_outcomes(static_cast<std::size_t>(paths));
    return view_of(out);
  };
  const Packed tables = detail::packed(task);
  if (resources.backend() == Backend::gpu) {
    // a thread that waits within may not take up another run, which waits for a lock that it holds
    tbb::this_task_arena::isolate([&] { detail::run_gpu(resources, tables, first_path, paths, room); });
  } else {
    detail::run_cpu(resources, tables, first_path, paths, room(), {});
  }
  check_finite(out, first_path);
  return out;
}

Paths record(const Resources& resources, const Task& task, std::uint64_t first_path, std::int64_t paths) {
  validate(task);
  check_range(first_path, paths);
  const Packed tables = detail::packed(task);
  const std::size_t steps = static_cast<std::size_t>(paths) * task.steps;
  Paths kept{std::vector<float>(steps * tables.view.assets),
             std::vector<double>(steps),
             std::vector<std::uint8_t>(steps),
             std::vector<float>(steps),
             std::vector<float>(steps),
             {}};
  if (paths == 0) return kept;
  Outcomes out = room_for_outcomes(static_cast<std::size_t>(paths));
  detail::run_cpu(resources, tables, first_path, paths, view_of(out),
                  {kept.log_returns.data(), kept.equity.data(), kept.regime.data(), kept.spread.data(),
                   kept.impact.data()});
  check_finite(out, first_path);
  return kept;
}

}  // namespace regent::cuda::scenario
