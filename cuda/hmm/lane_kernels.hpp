#pragma once
// The CPU's lane kernels for the instruction set that Resources found, and the loop over groups of lanes.

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <vector>

#include "cuda/hmm/jobs.hpp"
#include "cuda/runtime/aligned.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

template <class T>
const LaneKernels<T>& lane_kernels(InstructionSet set, EmissionLaw law);

template <class T>
using ThreadWorkspaces = tbb::enumerable_thread_specific<Aligned<T>>;

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
