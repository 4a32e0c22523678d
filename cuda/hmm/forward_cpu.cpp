#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {

template <class T>
void forward_cpu(const Resources& resources, const ForwardJob<T>& job) {
  const LaneKernels<T>& kernels = lane_kernels<T>(resources.instruction_set(), job.batch.law);
  const std::size_t size = forward_workspace_rows(job.batch) * kernels.width;
  ThreadWorkspaces<T> workspaces;
  for_each_group<T>(job.batch.lanes, kernels.width,
                    [&](int group) { kernels.forward(job, group, workspace_of_thread(workspaces, size)); });
}

template void forward_cpu(const Resources&, const ForwardJob<float>&);
template void forward_cpu(const Resources&, const ForwardJob<double>&);

}  // namespace regent::cuda::hmm
