// Chunks of lanes over oneTBB; a chunk passes through time tile by tile.

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "cuda/runtime/aligned.hpp"
#include "cuda/runtime/instruction_set.hpp"
#include "cuda/trading/sweep_job.hpp"

namespace regent::cuda::sweep {
namespace {

// So many lanes keep about 300 KB between tiles, beside the tile's part of the table.
constexpr int chunk_lanes = 1024;

const LaneKernels& kernels_of(InstructionSet set) {
  return of_instruction_set(set, baseline::sweep_kernels, avx2::sweep_kernels, avx512::sweep_kernels)();
}

using Memory = Aligned<std::byte>;

}  // namespace

void run_cpu(const Resources& resources, const Job& job, const Marks<float>& marks, int lanes) {
  const LaneKernels& kernels = kernels_of(resources.instruction_set());
  tbb::enumerable_thread_specific<Memory> memories;
  const int chunks = (lanes + chunk_lanes - 1) / chunk_lanes;
  tbb::parallel_for(tbb::blocked_range<int>(0, chunks, 1), [&](const tbb::blocked_range<int>& range) {
    for (int chunk = range.begin(); chunk < range.end(); ++chunk) {
      const int first = chunk * chunk_lanes, count = std::min(chunk_lanes, lanes - first);
      Memory& memory = memories.local();
      memory.resize(std::max(memory.size(), kernels.chunk_bytes(count, job.buckets)));
      kernels.run(job, marks, first, count, memory.data());
    }
  });
}

}  // namespace regent::cuda::sweep
