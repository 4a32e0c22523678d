#pragma once
// Between the host's tables and the launchers. Internal to cuda/scenario.

#include <array>
#include <functional>
#include <vector>

#include "cuda/scenario/scenario.hpp"
#include "cuda/scenario/view.hpp"

namespace regent::cuda::scenario::detail {

// The tables of a task in one block of floats; `view` points into it.
struct Packed {
  std::vector<float> floats;
  View view{};
  // The same view of a copy of `floats` at `base`.
  View at(const float* base) const;
};
Packed packed(const Task& task);

// Quantiles of W for `dof`, [tail_nodes]; the law that is linear between them has E W² = 1.
std::vector<double> tail_quantiles(double dof);

// Coefficients of p for an asset's own shock (view.hpp) of `dof` degrees of freedom: z·p(z²) lies within
// a relative 5e-4 of the Student-t's quantile at z's probability, times what makes the variance 1 where the
// law ends as it does.
std::array<double, curve_columns> student_curve(double dof);

// A group of `width` paths beginning at entry `at`; path: their numbers, low and high words, [width].
struct Group {
  const std::uint32_t *low, *high;
  std::int64_t at;
};
struct LaneKernel {
  int width;
  void (*run)(const View& view, const Group& group, const OutcomeView& out, float* work);
  void (*record)(const View& view, const Group& group, const OutcomeView& out, const RecordView& record,
                 float* work);
  // Philox and normals alone, for the benchmark's ceiling: the sum of `normals` numbers a path (a multiple of
  // four), into sums [width].
  void (*normals)(const View& view, const Group& group, std::int64_t count, double* sums);
};
const LaneKernel& lane_kernel(InstructionSet set);

void run_cpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const OutcomeView& out, const RecordView& record);
// room: called once, while the first paths are made: memory that nobody has touched takes as long as they do.
void run_gpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const std::function<OutcomeView()>& room);  // scenario_gpu.cu, or a stub

}  // namespace regent::cuda::scenario::detail
