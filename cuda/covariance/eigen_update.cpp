#include "cuda/covariance/eigen_update.hpp"

#include <cmath>

#include "base/error.hpp"
#include "cuda/covariance/eigen_update_job.hpp"
#include "cuda/hmm/lane_kernels.hpp"
#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::covariance {
namespace {

template <class T>
const EigenUpdateKernels<T>& kernels_of(InstructionSet set) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return of_instruction_set(set, baseline::eigen_update_float_kernels, avx2::eigen_update_float_kernels,
                              avx512::eigen_update_float_kernels)();
  } else {
    return of_instruction_set(set, baseline::eigen_update_double_kernels, avx2::eigen_update_double_kernels,
                              avx512::eigen_update_double_kernels)();
  }
}

template <class T>
void check_input(const EigenUpdate<T>& update) {
  if (update.size < 1)
    throw InputError("matrices of size " + std::to_string(update.size) + "; it must be 1 or more");
  if (!(update.keep > 0 && std::isfinite(update.keep))) {
    throw InputError("a change that keeps " + std::to_string(update.keep) +
                     " of its matrices; it must be above 0 and finite");
  }
  const auto size = static_cast<std::size_t>(update.size), count = static_cast<std::size_t>(update.count),
             rows = static_cast<std::size_t>(update.rows);
  REGENT_INVARIANT(update.count >= 0 && update.rows >= 0 && update.matrices.size() == count * size * size &&
                       update.values.size() == count * size && update.vectors.size() == count * size * size,
                   "an update has [count, size, size] matrices and vectors and [count, size] values");
  REGENT_INVARIANT(update.weights.size() == count * rows && update.directions.size() == count * rows * size,
                   "an update has [count, rows] weights and [count, rows, size] directions");
}

// One after the other of those that the rows did not lead to.
template <class T>
std::vector<int> update_in_place(const Resources& resources, const EigenUpdate<T>& update,
                                 EigenUpdateReport& report) {
  const auto count = static_cast<std::size_t>(update.count);
  std::vector<T> residual(count), orthogonality(count);
  std::vector<EigenOutcome> outcomes(count);
  const EigenUpdateJob<T> job{{update.matrices.data(), update.size, update.count, update.values.data(),
                               update.vectors.data(), residual.data(), orthogonality.data(), outcomes.data()},
                              update.keep,
                              update.rows,
                              update.weights.data(),
                              update.directions.data()};
  const EigenUpdateKernels<T>& kernels = kernels_of<T>(resources.instruction_set());
  hmm::ThreadWorkspaces<T> spaces;
  hmm::for_each_group<T>(update.count, 1, [&](int index) {
    kernels.update(job, index, hmm::workspace_of_thread(spaces, kernels.space(update.size)));
  });
  std::vector<int> left;
  for (std::size_t k = 0; k < count; ++k) {
    if (outcomes[k] != EigenOutcome::solved) {
      left.push_back(static_cast<int>(k));
      continue;
    }
    report.residual_max = std::max(report.residual_max, static_cast<double>(residual[k]));
    report.orthogonality_max = std::max(report.orthogonality_max, static_cast<double>(orthogonality[k]));
  }
  return left;
}

template <class T>
void solve_from_the_start(const Resources& resources, const EigenUpdate<T>& update,
                          const std::vector<int>& which, EigenUpdateReport& report) {
  const std::size_t size = static_cast<std::size_t>(update.size), square = size * size;
  std::vector<T> matrices(which.size() * square), values(which.size() * size), vectors(matrices.size());
  const auto part = [](auto span, int index, std::size_t width) {
    return span.subspan(static_cast<std::size_t>(index) * width, width);
  };
  for (std::size_t k = 0; k < which.size(); ++k)
    std::ranges::copy(part(update.matrices, which[k], square), matrices.data() + k * square);
  const EigenReport solved =
      eigen_batch<T>(resources, {matrices, update.size, static_cast<int>(which.size()), values, vectors});
  for (std::size_t k = 0; k < which.size(); ++k) {
    std::copy_n(values.data() + k * size, size, part(update.values, which[k], size).data());
    std::copy_n(vectors.data() + k * square, square, part(update.vectors, which[k], square).data());
  }
  for (const auto& failure : solved.failures)
    report.failures.push_back({which[static_cast<std::size_t>(failure.index)], failure.why});
  report.residual_max = std::max(report.residual_max, solved.residual_max);
  report.orthogonality_max = std::max(report.orthogonality_max, solved.orthogonality_max);
  report.restarts = static_cast<int>(which.size());
}

}  // namespace

template <class T>
EigenUpdateReport eigen_update(const Resources& resources, const EigenUpdate<T>& update) {
  check_input(update);
  EigenUpdateReport report;
  if (resources.backend() == Backend::gpu) {
    static_cast<EigenReport&>(report) = eigen_batch<T>(
        resources, {update.matrices, update.size, update.count, update.values, update.vectors});
    report.restarts = update.count;
    return report;
  }
  const std::vector<int> left = update_in_place(resources, update, report);
  if (!left.empty()) solve_from_the_start(resources, update, left, report);
  return report;
}

template EigenUpdateReport eigen_update<float>(const Resources&, const EigenUpdate<float>&);
template EigenUpdateReport eigen_update<double>(const Resources&, const EigenUpdate<double>&);

}  // namespace regent::cuda::covariance
