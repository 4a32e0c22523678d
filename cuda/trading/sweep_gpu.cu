// One thread per lane through all bars; neighbouring lanes read neighbouring columns of the indicator table.

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/trading/sweep_group_body.hpp"

namespace regent::cuda::sweep {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");
static_assert(sizeof(BucketSums) == sums_per_bucket * sizeof(double));

template <bool all_in, bool has_levels>
__global__ void sweep_kernel(Job job, Marks<float> marks, int lanes) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (index >= lanes) return;
  const Group<float> group{job, job.lanes + index, 1};
  GroupState<float> state;
  Tile<float, tile_bars_gpu> tile;
  double* sums = reinterpret_cast<double*>(job.sums + static_cast<std::int64_t>(index) * job.buckets);
  const NoRecorder nobody;
  start_group<float>(group, state);
  for (int t = 0; t < job.tile_count; ++t) {
    run_tile<float, all_in, has_levels>(group, marks, state, tile, job.tiles[t], sums, nobody);
  }
  job.outcomes[index] = outcome_of<float>(job, state, 0);
}

// What a job points to, on the device.
struct DeviceJob {
  DeviceBuffer<double> open, high, low, close;
  DeviceBuffer<float> table, close_mark, change, growth, growth_square, loss_square, low_mark, high_mark;
  DeviceBuffer<Lane> lanes;
  DeviceBuffer<std::uint8_t> allowed;
  DeviceBuffer<Stretch> stretches;
  DeviceBuffer<TileSpan> tiles;
  DeviceBuffer<Outcome> outcomes;
  DeviceBuffer<BucketSums> sums;
};

template <class T>
T* sent(DeviceBuffer<T>& buffer, const T* from, std::size_t count, cudaStream_t stream) {
  buffer = DeviceBuffer<T>(std::span<const T>(from, count), stream);
  return buffer.data();
}

Job send(const Job& job, std::size_t table_size, int lanes, DeviceJob& device, cudaStream_t stream) {
  const auto bars = static_cast<std::size_t>(job.bars), count = static_cast<std::size_t>(lanes);
  Job on = job;
  on.open = sent(device.open, job.open, bars, stream);
  on.high = sent(device.high, job.high, bars, stream);
  on.low = sent(device.low, job.low, bars, stream);
  on.close = sent(device.close, job.close, bars, stream);
  on.table = sent(device.table, job.table, table_size, stream);
  on.lanes = sent(device.lanes, job.lanes, count, stream);
  if (job.allowed != nullptr) on.allowed = sent(device.allowed, job.allowed, bars, stream);
  const auto tiles = static_cast<std::size_t>(job.tile_count);
  on.stretches = sent(device.stretches, job.stretches,
                      static_cast<std::size_t>(job.tiles[tiles - 1].end_stretch), stream);
  on.tiles = sent(device.tiles, job.tiles, tiles, stream);
  device.outcomes = DeviceBuffer<Outcome>(count);
  device.sums = DeviceBuffer<BucketSums>(count * static_cast<std::size_t>(job.buckets));
  device.sums.clear(stream);
  on.outcomes = device.outcomes.data();
  on.sums = device.sums.data();
  return on;
}

Marks<float> send(const Marks<float>& marks, std::size_t bars, DeviceJob& device, cudaStream_t stream) {
  return {sent(device.close_mark, marks.close, bars, stream),
          sent(device.change, marks.change, bars, stream),
          sent(device.growth, marks.growth, bars, stream),
          sent(device.growth_square, marks.growth_square, bars, stream),
          sent(device.loss_square, marks.loss_square, bars, stream),
          sent(device.low_mark, marks.low, bars, stream),
          sent(device.high_mark, marks.high, bars, stream)};
}

template <bool all_in, bool has_levels>
void launch(const Job& job, const Marks<float>& marks, int lanes, cudaStream_t stream) {
  constexpr int block = 128;
  REGENT_CUDA_LAUNCH((sweep_kernel<all_in, has_levels>), static_cast<unsigned>((lanes + block - 1) / block),
                     block, 0, stream, job, marks, lanes);
}

}  // namespace

void run_gpu(const Resources& resources, const Job& job, std::size_t table_size, const Marks<float>& marks,
             int lanes) {
  const cudaStream_t stream = resources.gpu()->stream;
  DeviceJob device;
  const Job on = send(job, table_size, lanes, device, stream);
  const Marks<float> marks_on = send(marks, static_cast<std::size_t>(job.bars), device, stream);
  const auto run = job.shape.all_in ? (job.shape.levels ? launch<true, true> : launch<true, false>)
                                    : (job.shape.levels ? launch<false, true> : launch<false, false>);
  run(on, marks_on, lanes, stream);
  const auto count = static_cast<std::size_t>(lanes);
  device.outcomes.download(std::span(job.outcomes, count), stream);
  device.sums.download(std::span(job.sums, count * static_cast<std::size_t>(job.buckets)), stream);
}

}  // namespace regent::cuda::sweep
