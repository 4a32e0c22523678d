#pragma once
// The CPU's lane kernels for the instruction set that Resources found, and the loop over groups of lanes.

#include <tbb/blocked_range.h>
#include <tbb/cache_aligned_allocator.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <vector>

#include "cuda/hmm/jobs.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

// What one thread keeps: densities and weights of a whole series if they are little, else of what stays well
// within its L2 cache; to run the chain once more costs less than to fetch its weights from beyond. Densities
// cost more to find than to fetch from the L3 cache, one after the other, while they fit there.
inline constexpr std::size_t whole_bytes = std::size_t{4} << 20, densities_bytes = std::size_t{6} << 20,
                             segment_bytes = std::size_t{256} << 10;

template <class T>
const LaneKernels<T>& lane_kernels(InstructionSet set, EmissionLaw law);

template <class T>
using ThreadWorkspaces = tbb::enumerable_thread_specific<std::vector<T, tbb::cache_aligned_allocator<T>>>;

// While it lives, this thread's float results below the smallest normal number are zero, as on the GPU:
// weights reach that range all the time, where they mean nothing and cost a hundred cycles each. Double is
// left alone: it hardly ever gets there.
template <class T>
class SubnormalsAreZero {
 public:
#if defined(__x86_64__)
  SubnormalsAreZero() : before_(__builtin_ia32_stmxcsr()) {
    constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x40;
    if (sizeof(T) == sizeof(float)) __builtin_ia32_ldmxcsr(before_ | flush_to_zero | denormals_are_zero);
  }
  ~SubnormalsAreZero() {
    __builtin_ia32_ldmxcsr(before_);
  }

 private:
  unsigned before_;

 public:
#else
  SubnormalsAreZero() = default;
#endif
  SubnormalsAreZero(const SubnormalsAreZero&) = delete;
  SubnormalsAreZero& operator=(const SubnormalsAreZero&) = delete;
};

// `groups` go side by side.
template <class T>
KeptSpan cpu_span(const BatchView<T>& batch, int width, int groups) {
  const std::int64_t all = whole_span(batch);
  if (span_within(batch, width, whole_bytes / groups).segment == all) return {all, all};
  KeptSpan kept = span_within(batch, width, segment_bytes / groups);
  const std::size_t with_weights = 2 * densities_bytes;  // as many rows of each
  if (span_within(batch, width, with_weights / groups).densities == all) kept.densities = all;
  return kept;
}

inline int groups_of(int lanes, int width) {
  return (lanes + width - 1) / width;
}

// Calls body(group) for every group of `width` lanes, over threads; groups are independent, so the result
// does not depend on the number of threads.
template <class T, class Body>
void for_each_group(int lanes, int width, const Body& body) {
  tbb::parallel_for(tbb::blocked_range<int>(0, groups_of(lanes, width), 1),
                    [&](const tbb::blocked_range<int>& range) {
                      const SubnormalsAreZero<T> mode;
                      for (int group = range.begin(); group < range.end(); ++group) body(group);
                    });
}

template <class T>
T* workspace_of_thread(ThreadWorkspaces<T>& workspaces, std::size_t size) {
  auto& mine = workspaces.local();
  if (mine.size() < size) mine.resize(size);
  return mine.data();
}

}  // namespace regent::cuda::hmm
