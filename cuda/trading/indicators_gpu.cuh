#pragma once
// The indicator table made on the device. Internal to cuda/trading, for .cu files only.

#include "cuda/runtime/parcel.cuh"
#include "cuda/trading/indicators_job.hpp"

namespace regent::cuda::sweep {

// Memory that making a table takes, beside the table; the room of the windows' blocks is bounded.
struct IndicatorMemory {
  Parcel parcel;
  DeviceBuffer<double> room;
};

// Fills `table` (Table::size floats on the device) in the stream's order; the values of the columns that fill
// up the last block stay as they are. `parcel` must be at rest.
void launch_indicators(const PriceSeries& series, std::span<const ColumnKey> keys, float* table,
                       IndicatorMemory& memory, cudaStream_t stream);

}  // namespace regent::cuda::sweep
