#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {

template <class T>
void viterbi_cpu(const Resources& resources, const ViterbiJob<T>& job) {
  const LaneKernels<T>& kernels = lane_kernels<T>(resources.instruction_set(), job.batch.law);
  const std::size_t size = (viterbi_log_rows(job.batch) + viterbi_origin_rows(job.batch)) * kernels.width;
  ThreadWorkspaces<T> workspaces;
  for_each_group<T>(job.batch.lanes, kernels.width,
                    [&](int group) { kernels.viterbi(job, group, workspace_of_thread(workspaces, size)); });
}

template void viterbi_cpu(const Resources&, const ViterbiJob<float>&);
template void viterbi_cpu(const Resources&, const ViterbiJob<double>&);

}  // namespace regent::cuda::hmm
