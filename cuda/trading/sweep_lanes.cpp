// The sweep's lane kernels for one instruction set; compiled once per set (see regent_lanes in
// cuda/CMakeLists.txt). Nothing with external linkage but the table of kernels.

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/trading/sweep_group_body.hpp"

namespace regent::cuda::sweep {
namespace REGENT_INSTRUCTION_SET {
namespace {

using R = hmm::REGENT_INSTRUCTION_SET::Pack<float>;
constexpr int width = hmm::Lanes<R>::width;
constexpr std::size_t line = 64;

std::size_t groups_of(int count) {
  return static_cast<std::size_t>((count + width - 1) / width);
}
std::size_t sums_of(int buckets) {
  return static_cast<std::size_t>(buckets) * sums_per_bucket * width;
}

std::size_t chunk_bytes(int count, int buckets) {
  return groups_of(count) * (sizeof(GroupState<R>) + sums_of(buckets) * sizeof(double)) +
         sizeof(Tile<R, tile_bars_max>) + 2 * line;
}

template <bool all_in, bool has_levels>
void run_groups(const Job& job, const Marks<float>& marks, int first, int count, std::byte* memory) {
  const std::size_t groups = groups_of(count), sums_size = sums_of(job.buckets);
  auto* states = reinterpret_cast<GroupState<R>*>(memory);
  auto* sums = reinterpret_cast<double*>(states + groups);
  auto& tile = *reinterpret_cast<Tile<R, tile_bars_max>*>(sums + groups * sums_size);
  const auto group_of = [&](std::size_t g) {
    const int at = static_cast<int>(g) * width;
    return Group<R>{job, job.lanes + first + at, count - at < width ? count - at : width};
  };
  for (std::size_t i = 0; i < groups * sums_size; ++i) sums[i] = 0;
  for (std::size_t g = 0; g < groups; ++g) start_group<R>(group_of(g), states[g]);
  const NoRecorder nobody;
  for (int t = 0; t < job.tile_count; ++t) {
    for (std::size_t g = 0; g < groups; ++g) {
      run_tile<R, all_in, has_levels>(group_of(g), marks, states[g], tile, job.tiles[t], sums + g * sums_size,
                                      nobody);
    }
  }
  for (std::size_t g = 0; g < groups; ++g) {
    write_group<R>(group_of(g), states[g], sums + g * sums_size, first + static_cast<int>(g) * width);
  }
}

void run(const Job& job, const Marks<float>& marks, int first, int count, std::byte* memory) {
  if (job.shape.all_in) {
    (job.shape.levels ? run_groups<true, true> : run_groups<true, false>)(job, marks, first, count, memory);
  } else {
    (job.shape.levels ? run_groups<false, true> : run_groups<false, false>)(job, marks, first, count, memory);
  }
}

const LaneKernels kernels{width, chunk_bytes, run};

}  // namespace

const LaneKernels& sweep_kernels() {
  return kernels;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::sweep
