#include <cstring>

#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/live_body.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S>
__global__ void __launch_bounds__(lane_block) live_kernel(LiveJob<T> job) {
  run_live<T, S>(job, lane_of_thread());
}

// Host memory that the device reads and writes without a detour.
template <class V>
class PinnedBuffer {
 public:
  explicit PinnedBuffer(std::size_t count) : count_(count) {
    REGENT_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&data_), count * sizeof(V)));
  }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  ~PinnedBuffer() { cudaFreeHost(data_); }
  V* data() const { return data_; }
  std::size_t bytes() const { return count_ * sizeof(V); }

 private:
  V* data_ = nullptr;
  std::size_t count_;
};

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
        bars_(static_cast<std::size_t>(host.lanes) * host.shape.dimension),
        totals_(std::span<const double>(host.totals, padded_ * 2), stream_),
        state_(std::span<const T>(host.state, padded_ * live_state_rows(states_)), stream_),
        present_(std::span<const std::int64_t>(host.present, padded_ * host.shape.dimension), stream_),
        posteriors_(static_cast<std::size_t>(host.lanes) * (states_ + host.shape.macros)),
        bars_in_(bars_.size()),
        posteriors_out_(posteriors_.size()) {
    job_.parameters = parameters_.data();
    job_.centre = centre_.data();
    job_.scale = scale_.data();
    job_.bars = bars_.data();
    job_.totals = totals_.data();
    job_.state = state_.data();
    job_.present = present_.data();
    job_.posteriors = posteriors_.data();
    job_.macro_posteriors = posteriors_.data() + static_cast<std::size_t>(host.lanes) * states_;
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

  void update(const double* bars, T* posteriors, T* macro_posteriors) override {
    std::memcpy(bars_in_.data(), bars, bars_in_.bytes());
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(bars_.data(), bars_in_.data(), bars_in_.bytes(), cudaMemcpyHostToDevice, stream_));
    const auto blocks = static_cast<unsigned>(blocks_of(job_.lanes));
    with_shape<T>(job_.shape, [&]<class S>() {
      const auto kernel = live_kernel<T, S>;
      REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream_, job_);
    });
    REGENT_CUDA_CHECK(cudaMemcpyAsync(posteriors_out_.data(), posteriors_.data(), posteriors_out_.bytes(),
                                      cudaMemcpyDeviceToHost, stream_));
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream_));
    const std::size_t lanes = job_.lanes, macros = job_.shape.macros;
    std::memcpy(posteriors, posteriors_out_.data(), lanes * states_ * sizeof(T));
    std::memcpy(macro_posteriors, posteriors_out_.data() + lanes * states_, lanes * macros * sizeof(T));
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
  DeviceBuffer<double> centre_, scale_, bars_, totals_;
  DeviceBuffer<T> state_;
  DeviceBuffer<std::int64_t> present_;
  DeviceBuffer<T> posteriors_;
  PinnedBuffer<double> bars_in_;
  PinnedBuffer<T> posteriors_out_;
};

}  // namespace

template <class T>
std::unique_ptr<LiveDevice<T>> live_gpu(const Resources& resources, const LiveJob<T>& host) {
  return std::make_unique<GpuLive<T>>(resources, host);
}

template std::unique_ptr<LiveDevice<float>> live_gpu(const Resources&, const LiveJob<float>&);
template std::unique_ptr<LiveDevice<double>> live_gpu(const Resources&, const LiveJob<double>&);

}  // namespace regent::cuda::hmm
