#include <cstddef>
#include <cstdint>
#include <cub/device/device_radix_sort.cuh>

#include "cuda/order/sort.hpp"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/stream.cuh"

namespace regent::cuda::order {

void sort_gpu(const Resources&, std::span<double> values) {
  if (values.empty()) return;
  const Stream stream;
  const DeviceBuffer<double> given(std::span<const double>(values), stream);
  DeviceBuffer<double> sorted(values.size());
  const auto count = static_cast<std::int64_t>(values.size());
  constexpr int bits = 8 * sizeof(double);
  std::size_t bytes = 0;  // cub says first how many it needs
  REGENT_CUDA_CHECK(
      cub::DeviceRadixSort::SortKeys(nullptr, bytes, given.data(), sorted.data(), count, 0, bits, stream));
  DeviceBuffer<std::byte> scratch(bytes);
  REGENT_CUDA_CHECK(cub::DeviceRadixSort::SortKeys(scratch.data(), bytes, given.data(), sorted.data(), count,
                                                   0, bits, stream));
  sorted.download(values, stream);
}

}  // namespace regent::cuda::order
