// Two kernels. The first compares columns, one thread for a lane and 32 bars: they know nothing of each other
// and share the table's lines. The second walks, one thread per lane through all bars; what it keeps of its
// account stays in the L1 cache, since the table does not pass through it.

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/runtime/gpu_state.cuh"
#include "cuda/runtime/stream.cuh"
#include "cuda/trading/indicators_gpu.cuh"
#include "cuda/trading/sweep_lane_body.hpp"
#include "cuda/trading/sweep_prepared.hpp"

namespace regent::cuda::sweep {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

// Lanes that a block compares over one tile, so that a line of the table is fetched once for many of them.
constexpr int sign_block = 256, sign_lanes = 4096;

__global__ void __launch_bounds__(sign_block)
    sign_kernel(const __grid_constant__ Job job, int first, int lanes, SignTable table) {
  const int tile = static_cast<int>(blockIdx.x), from = static_cast<int>(blockIdx.y) * sign_lanes;
  const TileSpan span = job.tiles[tile];
  const int end = min(lanes, from + sign_lanes);
  for (int i = from + static_cast<int>(threadIdx.x); i < end; i += sign_block)
    table.put(job.shape, tile, i, find_signs(job, job.lanes[first + i], span));
}

// A block is one warp, so that warps in which lanes trade hold up nobody. 100,000 lanes are 24 warps a
// multiprocessor of the largest GPUs: all of them should be there at once.
constexpr int block = 32, blocks_resident = 24;

template <bool all_in, bool has_levels>
__global__ void __launch_bounds__(block, blocks_resident)
    sweep_kernel(const __grid_constant__ Job job, const __grid_constant__ Marks<float> marks, int first,
                 int lanes, SignTable table) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), index = first + i;
  if (i >= lanes) return;
  BucketSums* sums = job.sums + static_cast<std::int64_t>(index) * job.buckets;
  job.outcomes[index] = run_lane<all_in, has_levels>(job, marks, job.lanes[index], table, i, sums);
}

// of a grid for `lanes`, `each` in one
unsigned blocks_of(int lanes, int each) {
  return (static_cast<unsigned>(lanes) + static_cast<unsigned>(each) - 1) / static_cast<unsigned>(each);
}

// The lanes [first, first + lanes) of a job; `table` has room for their signs.
template <bool all_in, bool has_levels>
void launch(const Job& job, const Marks<float>& marks, int first, int lanes, const SignTable& table,
            cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(job.tile_count), blocks_of(lanes, sign_lanes));
  REGENT_CUDA_LAUNCH(sign_kernel, grid, sign_block, 0, stream, job, first, lanes, table);
  REGENT_CUDA_LAUNCH((sweep_kernel<all_in, has_levels>), blocks_of(lanes, block), block, 0, stream, job,
                     marks, first, lanes, table);
}

// In so many the results come back.
constexpr std::size_t result_parts = 4;
// Which part of the device's memory the lanes' signs may take.
constexpr std::size_t signs_share = 32;

struct PinnedResults {
  PinnedBuffer<Outcome> outcomes;
  PinnedBuffer<BucketSums> sums;
};

// What one run has on the device: it only grows.
struct SweepMemory {
  Stream stream;
  IndicatorMemory indicators;
  Parcel parcel;
  DeviceBuffer<float> table;
  DeviceBuffer<std::uint32_t> signs;
  DeviceBuffer<Outcome> outcomes;
  DeviceBuffer<BucketSums> sums;
  std::array<Event, result_parts> arrived;
};

// What runs keep for those after them: as much as there were at once.
class SweepPool {
 public:
  std::unique_ptr<SweepMemory> take() {
    const std::lock_guard guard(mutex_);
    if (idle_.empty()) return std::make_unique<SweepMemory>();
    std::unique_ptr<SweepMemory> memory = std::move(idle_.back());
    idle_.pop_back();
    return memory;
  }
  void give_back(std::unique_ptr<SweepMemory> memory) {
    const std::lock_guard guard(mutex_);
    idle_.push_back(std::move(memory));
  }
  // Those of an earlier run, where nobody has them any more.
  std::shared_ptr<PinnedResults> results() {
    const std::lock_guard guard(mutex_);
    for (const auto& kept : results_) {
      if (kept.use_count() != 1) continue;
      std::atomic_thread_fence(std::memory_order_acquire);  // after what the last owner read
      return kept;
    }
    return results_.emplace_back(std::make_shared<PinnedResults>());
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<SweepMemory>> idle_;
  std::vector<std::shared_ptr<PinnedResults>> results_;
};

// The memory of a run while it goes on.
class Lent {
 public:
  explicit Lent(SweepPool& pool) : pool_(pool), memory_(pool.take()) {}
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() {
    cudaStreamSynchronize(memory_->stream);  // a run that is thrown out of may still be going on
    pool_.give_back(std::move(memory_));
  }
  SweepMemory& operator*() const { return *memory_; }

 private:
  SweepPool& pool_;
  std::unique_ptr<SweepMemory> memory_;
};

std::shared_ptr<PinnedResults> results_of(SweepPool& pool, std::size_t lanes, std::size_t sums) {
  auto results = pool.results();
  grow(results->outcomes, lanes);
  grow(results->sums, sums);
  return results;
}

void put_table(const Task& task, SweepMemory& memory, cudaStream_t stream) {
  const Bars& bars = task.bars;
  const std::size_t size = Table::size(bars.count(), task.table.columns);
  grow(memory.table, size);
  if (task.columns.empty()) {
    REGENT_INVARIANT(task.table.values.size() == size, "the table's shape is not the bars'");
    REGENT_CUDA_CHECK(cudaMemcpyAsync(memory.table.data(), task.table.values.data(), size * sizeof(float),
                                      cudaMemcpyHostToDevice, stream));
    return;
  }
  launch_indicators({bars.open, bars.high, bars.low, bars.close, task.volume}, task.columns,
                    memory.table.data(), memory.indicators, stream);
}

// The job with everything that it points to on the device.
struct Sent {
  Job job;
  Marks<float> marks;
};

Sent send(const Task& task, const PreparedJob<float>& prepared, SweepMemory& memory, cudaStream_t stream) {
  const std::size_t bars = task.bars.count();
  const Marks<float>& m = prepared.marks;
  const auto marks = [&](const float* of) { return std::span<const float>(of, bars); };
  Parcel& parcel = memory.parcel;
  parcel.begin(Parcel::room(task.lanes) + 4 * Parcel::room(task.bars.close) +
               4 * Parcel::room(marks(m.close)) + Parcel::room(task.allowed) +
               Parcel::room(task.slippage_rates) + Parcel::room(prepared.growth()) +
               Parcel::room(prepared.stretches()) + Parcel::room(prepared.tiles()));
  Sent on{prepared.job, {}};
  on.job.lanes = parcel.put(task.lanes);
  on.job.open = parcel.put(task.bars.open);
  on.job.high = parcel.put(task.bars.high);
  on.job.low = parcel.put(task.bars.low);
  on.job.close = parcel.put(task.bars.close);
  on.job.allowed = parcel.put(task.allowed);
  on.job.slippage_rates = parcel.put(task.slippage_rates);
  on.job.growth = parcel.put(prepared.growth());
  on.job.stretches = parcel.put(prepared.stretches());
  on.job.tiles = parcel.put(prepared.tiles());
  on.marks.close = parcel.put(marks(m.close));
  on.marks.change = parcel.put(marks(m.change));
  on.marks.low = parcel.put(marks(m.low));
  on.marks.high = parcel.put(marks(m.high));
  parcel.send(stream);
  on.job.table = memory.table.data();
  on.job.outcomes = memory.outcomes.data();
  on.job.sums = memory.sums.data();
  return on;
}

// As many lanes at once as have their signs in a part of the device's memory and their place in a grid, and
// one warp of them at least.
int lanes_at_once(const Job& job, int lanes, std::size_t memory_bytes) {
  const std::size_t lane_bytes = static_cast<std::size_t>(job.tile_count) *
                                 static_cast<std::size_t>(words_of(job.shape)) * sizeof(std::uint32_t);
  constexpr std::size_t grid_lanes = std::size_t{65'535} * sign_lanes;
  const std::size_t most = std::max<std::size_t>(block, memory_bytes / signs_share / lane_bytes);
  return static_cast<int>(std::min({static_cast<std::size_t>(lanes), most, grid_lanes}));
}

void launch(const Sent& on, int lanes, int at_once, SweepMemory& memory, cudaStream_t stream) {
  const Shape& shape = on.job.shape;
  const auto run = shape.all_in ? (shape.levels ? launch<true, true> : launch<true, false>)
                                : (shape.levels ? launch<false, true> : launch<false, false>);
  grow(memory.signs, static_cast<std::size_t>(on.job.tile_count) * static_cast<std::size_t>(words_of(shape)) *
                         static_cast<std::size_t>(at_once));
  for (int first = 0; first < lanes; first += at_once) {
    const int count = std::min(at_once, lanes - first);
    run(on.job, on.marks, first, count, {memory.signs.data(), count}, stream);
  }
}

struct Part {
  std::size_t first, end;  // lanes
};

Part part_of(std::size_t part, std::size_t lanes) {
  return {part * lanes / result_parts, (part + 1) * lanes / result_parts};
}

// Asks for the results, part by part.
void fetch(SweepMemory& memory, const PinnedResults& results, std::size_t lanes, std::size_t buckets) {
  const auto copy = [&](auto& to, const auto& from, std::size_t first, std::size_t end) {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(to.data() + first, from.data() + first,
                                      (end - first) * sizeof(*to.data()), cudaMemcpyDeviceToHost,
                                      memory.stream));
  };
  for (std::size_t p = 0; p < result_parts; ++p) {
    const Part part = part_of(p, lanes);
    copy(results.outcomes, memory.outcomes, part.first, part.end);
    copy(results.sums, memory.sums, part.first * buckets, part.end * buckets);
    memory.arrived[p].record(memory.stream);
  }
}

}  // namespace

Results run_gpu(const Resources& resources, const Task& task, const Listener& listener) {
  const auto pool = kept_of<SweepPool>(*resources.gpu());
  const std::size_t lanes = task.lanes.size(), sums = lanes * static_cast<std::size_t>(task.buckets);
  const auto memory_of_results = results_of(*pool, lanes, sums);  // outlives what is copied into it
  const Lent lent(*pool);
  SweepMemory& memory = *lent;
  Stream& stream = memory.stream;
  put_table(task, memory, stream);
  const PreparedJob<float> prepared(task, tile_bars_gpu);
  grow(memory.outcomes, lanes);
  grow(memory.sums, sums);
  REGENT_CUDA_CHECK(cudaMemsetAsync(memory.sums.data(), 0, sums * sizeof(BucketSums), stream));
  const Sent on = send(task, prepared, memory, stream);
  launch(on, static_cast<int>(lanes),
         lanes_at_once(on.job, static_cast<int>(lanes), resources.gpu()->properties.totalGlobalMem), memory,
         stream);
  const Results results{
      {memory_of_results->outcomes.data(), lanes}, {memory_of_results->sums.data(), sums}, memory_of_results};
  fetch(memory, *memory_of_results, lanes, static_cast<std::size_t>(task.buckets));
  if (listener.meanwhile) listener.meanwhile();
  for (std::size_t p = 0; p < result_parts; ++p) {
    memory.arrived[p].wait();
    const Part part = part_of(p, lanes);
    if (listener.arrived && part.first < part.end) listener.arrived(results, part.first, part.end);
  }
  return results;
}

}  // namespace regent::cuda::sweep
