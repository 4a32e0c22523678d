#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {
namespace {

// What one thread keeps: densities and weights of a whole series if they are little, else of what stays well
// within its L2 cache; to run the chain once more costs less than to fetch its weights from beyond. Densities
// cost more to find than to fetch from the L3 cache, one after the other, while they fit there.
constexpr std::size_t whole_bytes = std::size_t{4} << 20, densities_bytes = std::size_t{6} << 20,
                      segment_bytes = std::size_t{256} << 10;

template <class T>
KeptSpan span_of_thread(const BatchView<T>& batch, int width) {
  const std::int64_t all = whole_span(batch);
  if (span_within(batch, width, whole_bytes).segment == all) return {all, all};
  KeptSpan kept = span_within(batch, width, segment_bytes);
  if (span_within(batch, width, 2 * densities_bytes).densities == all) kept.densities = all;  // no weights
  return kept;
}

}  // namespace

template <class T>
void smooth_cpu(const Resources& resources, const SmoothJob<T>& job) {
  const LaneKernels<T>& kernels = lane_kernels<T>(resources.instruction_set(), job.batch.law);
  SmoothJob<T> keeping = job;
  keeping.kept = span_of_thread(job.batch, kernels.width);
  const std::size_t size = both_ways_workspace_rows(job.batch, keeping.kept) * kernels.width;
  ThreadWorkspaces<T> workspaces;
  for_each_group<T>(job.batch.lanes, kernels.width, [&](int group) {
    kernels.smooth(keeping, group, workspace_of_thread(workspaces, size));
  });
}

template void smooth_cpu(const Resources&, const SmoothJob<float>&);
template void smooth_cpu(const Resources&, const SmoothJob<double>&);

}  // namespace regent::cuda::hmm
