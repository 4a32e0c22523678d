#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "cuda/hmm/lane_kernels.hpp"
#include "cuda/hmm/live.hpp"
#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T>
const LiveKernels<T>& live_kernels(InstructionSet set) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return of_instruction_set(set, baseline::live_float_kernels, avx2::live_float_kernels,
                              avx512::live_float_kernels)();
  } else {
    return of_instruction_set(set, baseline::live_double_kernels, avx2::live_double_kernels,
                              avx512::live_double_kernels)();
  }
}

// Lanes that one task carries, about 10 µs: enough that handing it over costs little beside them, few enough
// that a core that comes late or is taken away keeps the others waiting for little.
constexpr int lanes_of_task = 4 * lane_block;

}  // namespace

template <class T>
void live_cpu(const Resources& resources, const LiveJob<T>& job) {
  const LiveKernels<T>& kernels = live_kernels<T>(resources.instruction_set());
  const int groups = (job.lanes + kernels.width - 1) / kernels.width;
  const auto work = [&](int first, int last) {
    const SubnormalsAreZero<T> mode;
    for (int group = first; group < last; ++group) kernels.update(job, group);
  };
  if (job.lanes <= lanes_of_task) return work(0, groups);
  tbb::parallel_for(tbb::blocked_range<int>(0, groups, lanes_of_task / kernels.width),
                    [&](const tbb::blocked_range<int>& range) { work(range.begin(), range.end()); });
}

template <class T>
void prepare_live_cpu(const Resources& resources, const LiveJob<T>& job, T* prepared) {
  const LiveKernels<T>& kernels = live_kernels<T>(resources.instruction_set());
  for_each_group<T>(job.lanes, kernels.width, [&](int group) { kernels.prepare(job, group, prepared); });
}

template void prepare_live_cpu(const Resources&, const LiveJob<float>&, float*);
template void prepare_live_cpu(const Resources&, const LiveJob<double>&, double*);
template void live_cpu(const Resources&, const LiveJob<float>&);
template void live_cpu(const Resources&, const LiveJob<double>&);

}  // namespace regent::cuda::hmm
