#pragma once
// A batch copied to the device, and the shape of a launch: one lane per thread, one block of 32 lanes per
// warp.

#include "cuda/hmm/jobs.hpp"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

template <class T>
std::size_t parameter_count(const BatchView<T>& batch) {
  const AnyShape shape(batch.shape);
  return blocks_of(batch.lanes) * ParameterLayout<AnyShape>{shape}.size() * lane_block;
}
template <class T>
std::size_t count_count(const BatchView<T>& batch) {
  const AnyShape shape(batch.shape);
  return blocks_of(batch.lanes) * CountLayout<AnyShape>{shape}.rows(batch.law) * lane_block;
}
template <class T>
std::size_t by_state_count(const BatchView<T>& batch) {
  return blocks_of(batch.lanes) * batch.steps * batch.shape.states() * lane_block;
}

template <class T>
class DeviceBatch {
 public:
  // `with_parameters`: otherwise only room for them is made.
  DeviceBatch(const BatchView<T>& host, bool with_parameters, cudaStream_t stream) : view_(host) {
    const std::size_t blocks = blocks_of(host.lanes);
    parameters_ = DeviceBuffer<T>(parameter_count(host));
    if (with_parameters) parameters_.upload(std::span<const T>(host.parameters, parameters_.size()), stream);
    view_.parameters = parameters_.data();
    if (host.observations != nullptr) {
      const std::size_t series = static_cast<std::size_t>(host.steps) * host.shape.dimension;
      const std::size_t held = host.series_blocks > 0 ? host.series_blocks : blocks;
      const std::size_t count = host.shared ? series : held * series * lane_block;
      observations_ = DeviceBuffer<T>(std::span<const T>(host.observations, count), stream);
      view_.observations = observations_.data();
    }
    if (host.emission_table != nullptr) {
      table_ = DeviceBuffer<T>(std::span<const T>(host.emission_table, by_state_count(host)), stream);
      view_.emission_table = table_.data();
    }
    if (host.lengths != nullptr) {
      lengths_ = DeviceBuffer<std::int32_t>(std::span<const std::int32_t>(host.lengths, host.lanes), stream);
      view_.lengths = lengths_.data();
    }
  }
  const BatchView<T>& view() const { return view_; }
  const DeviceBuffer<T>& parameters() const { return parameters_; }
  // The first `count` parameters, for runs with fewer lanes.
  void set_parameters(std::span<const T> host, cudaStream_t stream) {
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(parameters_.data(), host.data(), host.size_bytes(), cudaMemcpyHostToDevice, stream));
  }

 private:
  BatchView<T> view_;
  DeviceBuffer<T> parameters_, observations_, table_;
  DeviceBuffer<std::int32_t> lengths_;
};

// Index of this thread's lane. Whole blocks of 32 lanes are launched; those beyond the batch run on the
// copies that fill the last block, so that no warp diverges.
__device__ inline int lane_of_thread() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

}  // namespace regent::cuda::hmm
