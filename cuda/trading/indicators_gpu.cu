// One thread per part of a column: a window's block, or all bars of what remembers them.

#include "cuda/runtime/gpu_state.cuh"
#include "cuda/trading/indicators_gpu.cuh"
#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {
namespace {

constexpr std::size_t room_doubles_max = std::size_t{32} << 20;

__global__ void indicator_kernel(IndicatorInput in, const ColumnJob* columns, int count, std::int64_t parts,
                                 int pass, double* room, float* table) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at < parts) table_part_body(in, columns, count, pass, at, room, table);
}

}  // namespace

void launch_indicators(const PriceSeries& series, std::span<const ColumnKey> keys, float* table,
                       IndicatorMemory& memory, cudaStream_t stream) {
  const IndicatorSource source(series, keys);
  const IndicatorPlan plan(keys, static_cast<std::int64_t>(series.bars()), room_doubles_max);
  const std::span<const double> arrays[] = {series.high,   series.low,    series.close,
                                            series.volume, source.logs(), source.returns()};
  const std::span<const ColumnJob> columns = plan.columns;
  std::size_t bytes = Parcel::room(columns);
  for (const auto& array : arrays) bytes += Parcel::room(array);
  Parcel& parcel = memory.parcel;
  parcel.begin(bytes);
  IndicatorInput in;
  in.high = parcel.put(arrays[0]);
  in.low = parcel.put(arrays[1]);
  in.close = parcel.put(arrays[2]);
  in.volume = parcel.put(arrays[3]);
  in.logs = parcel.put(arrays[4]);
  in.returns = parcel.put(arrays[5]);
  in.bars = static_cast<std::int64_t>(series.bars());
  const ColumnJob* jobs = parcel.put(columns);
  parcel.send(stream);
  grow(memory.room, plan.room);
  constexpr int block = 64;
  for (const IndicatorPlan::Launch& launch : plan.launches) {
    REGENT_CUDA_LAUNCH(indicator_kernel, static_cast<unsigned>((launch.parts + block - 1) / block), block, 0,
                       stream, in, jobs + launch.first, static_cast<int>(launch.count), launch.parts,
                       launch.pass, memory.room.data(), table);
  }
}

std::vector<float> indicator_table_gpu(const Resources& resources, const PriceSeries& series,
                                       std::span<const ColumnKey> keys) {
  const cudaStream_t stream = resources.gpu()->stream;
  IndicatorMemory memory;
  DeviceBuffer<float> table(Table::size(series.bars(), keys.size()));
  table.clear(stream);
  launch_indicators(series, keys, table.data(), memory, stream);
  return table.to_host(stream);
}

}  // namespace regent::cuda::sweep
