#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {

template <class T>
void smooth_cpu(const Resources& resources, const SmoothJob<T>& job) {
  const LaneKernels<T>& kernels = lane_kernels<T>(resources.instruction_set(), job.batch.law);
  SmoothJob<T> keeping = job;
  keeping.kept = cpu_span(job.batch, kernels.width, 1);
  const std::size_t size = both_ways_workspace_rows(job.batch, keeping.kept) * kernels.width;
  ThreadWorkspaces<T> workspaces;
  for_each_group<T>(job.batch.lanes, kernels.width, [&](int group) {
    kernels.smooth(keeping, group, workspace_of_thread(workspaces, size));
  });
}

template void smooth_cpu(const Resources&, const SmoothJob<float>&);
template void smooth_cpu(const Resources&, const SmoothJob<double>&);

}  // namespace regent::cuda::hmm
