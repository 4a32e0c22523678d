#include "cuda/covariance/eigen.hpp"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "cuda/covariance/eigen_gpu.hpp"
#include "cuda/covariance/eigen_job.hpp"
#include "cuda/covariance/eigen_large.hpp"
#include "cuda/hmm/lane_kernels.hpp"
#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::covariance {
namespace {

template <class T>
const EigenKernels<T>& kernels_of(InstructionSet set) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return of_instruction_set(set, baseline::eigen_float_kernels, avx2::eigen_float_kernels,
                              avx512::eigen_float_kernels)();
  } else {
    return of_instruction_set(set, baseline::eigen_double_kernels, avx2::eigen_double_kernels,
                              avx512::eigen_double_kernels)();
  }
}

const char* text_of(EigenOutcome outcome) {
  switch (outcome) {
    case EigenOutcome::not_finite:
      return "an entry is not finite";
    case EigenOutcome::out_of_range:
      return "an eigenvalue is larger than the number format holds";
    case EigenOutcome::not_converged:
    case EigenOutcome::solved:
      break;
  }
  return "the vectors did not converge";
}

template <class T>
void solve_in_lanes(const Resources& resources, const EigenJob<T>& job) {
  const EigenKernels<T>& kernels = kernels_of<T>(resources.instruction_set());
  hmm::ThreadWorkspaces<T> spaces;
  hmm::for_each_group<T>(job.count, kernels.width, [&](int group) {
    kernels.solve(job, group, hmm::workspace_of_thread(spaces, kernels.space(job.size)));
  });
}

// What a GPU left unsolved, and how much that was: cuSOLVER misses fp32's tolerance on some matrices that
// Eigen solves.
template <class T>
int solve_rest(const EigenJob<T>& job) {
  std::vector<int> rest;
  for (int index = 0; index < job.count; ++index) {
    if (job.outcomes[index] == EigenOutcome::not_converged) rest.push_back(index);
  }
  tbb::parallel_for(std::size_t{0}, rest.size(), [&](std::size_t i) { solve_large(job, rest[i]); });
  return static_cast<int>(rest.size());
}

}  // namespace

template <class T>
EigenReport eigen_batch(const Resources& resources, const EigenBatch<T>& batch) {
  if (batch.size < 1)
    throw InputError("matrices of size " + std::to_string(batch.size) + "; it must be 1 or more");
  const std::size_t count = static_cast<std::size_t>(batch.count),
                    size = static_cast<std::size_t>(batch.size);
  REGENT_INVARIANT(batch.count >= 0 && batch.matrices.size() == count * size * size &&
                       batch.values.size() == count * size && batch.vectors.size() == count * size * size,
                   "a batch has [count, size, size] matrices and vectors and [count, size] values");
  std::vector<T> residual(count), orthogonality(count);
  std::vector<EigenOutcome> outcomes(count, EigenOutcome::solved);
  const EigenJob<T> job{batch.matrices.data(), batch.size,      batch.count,          batch.values.data(),
                        batch.vectors.data(),  residual.data(), orthogonality.data(), outcomes.data()};
  EigenReport report;
  if (resources.backend() == Backend::gpu) {
    eigen_gpu(resources, job);
    report.solved_by_host = solve_rest(job);
  } else if (batch.size <= lanes_size_max) {
    solve_in_lanes(resources, job);
  } else {
    tbb::parallel_for(0, batch.count, [&](int index) { solve_large(job, index); });
  }
  for (std::size_t k = 0; k < count; ++k) {
    if (outcomes[k] != EigenOutcome::solved) {
      report.failures.push_back({static_cast<int>(k), text_of(outcomes[k])});
      continue;
    }
    report.residual_max = std::max(report.residual_max, static_cast<double>(residual[k]));
    report.orthogonality_max = std::max(report.orthogonality_max, static_cast<double>(orthogonality[k]));
  }
  return report;
}

template EigenReport eigen_batch<float>(const Resources&, const EigenBatch<float>&);
template EigenReport eigen_batch<double>(const Resources&, const EigenBatch<double>&);

}  // namespace regent::cuda::covariance
