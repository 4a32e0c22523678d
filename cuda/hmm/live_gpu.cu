// One thread per lane. A kernel reads a block's bars from host memory and writes its posteriors there,
// through shared memory in whole lines: at a few hundred kilobytes a tick, the calls of copies would take
// longer than the bytes.

#include <algorithm>

#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/live_body.hpp"
#include "cuda/runtime/pinned_buffer.cuh"

namespace regent::cuda::hmm {
namespace {

// The lanes of one block as a job of their own.
template <class T, class S>
__device__ LiveJob<T> job_of_block(const LiveJob<T>& all, int block) {
  const S s(all.shape);
  const int first = block * lane_block;
  const std::ptrdiff_t lanes = first, dimension = s.dimension;
  LiveJob<T> own = all;
  own.lanes = min(lane_block, all.lanes - first);
  own.parameters += lanes * ParameterLayout<S>{s}.size();
  own.centre += lanes * dimension;
  own.scale += lanes * dimension;
  own.bars += lanes * dimension;
  own.state += lanes * live_state_rows(s.states);
  own.totals += lanes * 2;
  own.present += lanes * dimension;
  own.posteriors += lanes * s.states;
  own.macro_posteriors += lanes * s.macros;
  return own;
}

template <class V>
__device__ void copy_by_block(const V* from, V* to, int count) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += lane_block) to[i] = from[i];
}

extern __shared__ double tick_memory[];

template <class T>
std::size_t tick_bytes(const ShapeNumbers& shape) {
  return lane_block * (static_cast<std::size_t>(shape.dimension) * sizeof(double) +
                       static_cast<std::size_t>(shape.states() + shape.macros) * sizeof(T));
}

template <class T, class S>
__global__ void __launch_bounds__(lane_block) live_kernel(LiveJob<T> all) {
  const LiveJob<T> given = job_of_block<T, S>(all, static_cast<int>(blockIdx.x));
  const S s(all.shape);
  double* const bars = tick_memory;
  T* const posteriors = reinterpret_cast<T*>(bars + lane_block * s.dimension);
  T* const macros = posteriors + lane_block * s.states;
  copy_by_block(given.bars, bars, given.lanes * s.dimension);
  __syncwarp();
  LiveJob<T> job = given;
  job.bars = bars;
  job.posteriors = posteriors;
  job.macro_posteriors = macros;
  run_live<T, S>(job, static_cast<int>(threadIdx.x));
  __syncwarp();
  copy_by_block(posteriors, given.posteriors, given.lanes * s.states);
  copy_by_block(macros, given.macro_posteriors, given.lanes * s.macros);
}

template <class T>
class GpuLive : public LiveDevice<T> {
 public:
  GpuLive(const Resources& resources, const LiveJob<T>& host)
      : stream_(resources.gpu()->stream),
        job_(host),
        padded_(blocks_of(host.lanes) * lane_block),
        states_(host.shape.states()),
        parameters_(std::span<const T>(host.parameters, padded_ * parameter_rows(host.shape)), stream_),
        centre_(std::span<const double>(host.centre, padded_ * host.shape.dimension), stream_),
        scale_(std::span<const double>(host.scale, padded_ * host.shape.dimension), stream_),
        totals_(std::span<const double>(host.totals, padded_ * 2), stream_),
        state_(std::span<const T>(host.state, padded_ * live_state_rows(states_)), stream_),
        present_(std::span<const std::int64_t>(host.present, padded_ * host.shape.dimension), stream_),
        bars_(static_cast<std::size_t>(host.lanes) * host.shape.dimension),
        posteriors_(static_cast<std::size_t>(host.lanes) * states_),
        macro_posteriors_(static_cast<std::size_t>(host.lanes) * host.shape.macros) {
    std::copy_n(host.posteriors, posteriors_.size(), posteriors_.data());
    std::copy_n(host.macro_posteriors, macro_posteriors_.size(), macro_posteriors_.data());
    job_.parameters = parameters_.data();
    job_.centre = centre_.data();
    job_.scale = scale_.data();
    job_.bars = bars_.data();
    job_.totals = totals_.data();
    job_.state = state_.data();
    job_.present = present_.data();
    job_.posteriors = posteriors_.data();
    job_.macro_posteriors = macro_posteriors_.data();
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

  T* posteriors() const override { return posteriors_.data(); }
  T* macro_posteriors() const override { return macro_posteriors_.data(); }

  void update(const double* bars) override {
    std::copy_n(bars, bars_.size(), bars_.data());
    const auto blocks = static_cast<unsigned>(blocks_of(job_.lanes));
    with_shape<T>(job_.shape, [&]<class S>() {
      const auto kernel = live_kernel<T, S>;
      REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, tick_bytes<T>(job_.shape), stream_, job_);
    });
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }
  void fetch(T* state, double* totals, std::int64_t* present) const override {
    state_.download(std::span<T>(state, state_.size()), stream_);
    totals_.download(std::span<double>(totals, totals_.size()), stream_);
    present_.download(std::span<std::int64_t>(present, present_.size()), stream_);
  }
  void put(const T* state, const double* totals, const std::int64_t* present) override {
    state_.upload(std::span<const T>(state, state_.size()), stream_);
    totals_.upload(std::span<const double>(totals, totals_.size()), stream_);
    present_.upload(std::span<const std::int64_t>(present, present_.size()), stream_);
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

 private:
  static std::size_t parameter_rows(const ShapeNumbers& numbers) {
    const AnyShape shape(numbers);
    return ParameterLayout<AnyShape>{shape}.size();
  }

  cudaStream_t stream_;
  LiveJob<T> job_;
  std::size_t padded_;
  int states_;
  DeviceBuffer<T> parameters_;
  DeviceBuffer<double> centre_, scale_, totals_;
  DeviceBuffer<T> state_;
  DeviceBuffer<std::int64_t> present_;
  PinnedBuffer<double> bars_;
  PinnedBuffer<T> posteriors_, macro_posteriors_;
};

}  // namespace

template <class T>
std::unique_ptr<LiveDevice<T>> live_gpu(const Resources& resources, const LiveJob<T>& host) {
  return std::make_unique<GpuLive<T>>(resources, host);
}

template std::unique_ptr<LiveDevice<float>> live_gpu(const Resources&, const LiveJob<float>&);
template std::unique_ptr<LiveDevice<double>> live_gpu(const Resources&, const LiveJob<double>&);

}  // namespace regent::cuda::hmm
