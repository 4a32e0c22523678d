#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/gpu_segment.cuh"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block)
    expectation_kernel(ExpectationJob<T> job, T* workspace, std::size_t rows) {
  const unsigned char mine = job.active[min(lane_of_thread(), job.batch.lanes - 1)];
  if (__ballot_sync(0xffffffffU, mine) == 0) return;
  run_expectation<T, S, Emission, 1>(job, lane_of_thread(), workspace_of_block(workspace, rows));
}

template <class T>
class GpuExpectation : public ExpectationBackend<T> {
 public:
  GpuExpectation(const Resources& resources, const BatchView<T>& batch)
      : gpu_(*resources.gpu()),
        batch_(batch, false, gpu_.stream),
        segment_(gpu_segment(batch)),
        rows_(expectation_workspace_rows(batch, segment_, 1)),
        workspace_(blocks_of(batch.lanes) * rows_ * lane_block),
        counts_(count_count(batch)),
        likelihoods_(blocks_of(batch.lanes) * lane_block),
        active_(batch.lanes) {}

  void run(const ExpectationJob<T>& asked) override {
    const std::size_t lanes = asked.batch.lanes, padded = blocks_of(lanes) * lane_block;
    ExpectationJob<T> job;
    job.batch = batch_.view();
    job.batch.lanes = asked.batch.lanes;
    batch_.set_parameters(std::span<const T>(asked.batch.parameters, parameter_count(asked.batch)),
                          gpu_.stream);
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(active_.data(), asked.active, lanes, cudaMemcpyHostToDevice, gpu_.stream));
    job.active = active_.data();
    if (asked.terminal != nullptr) {
      if (terminal_.size() == 0)
        terminal_ = DeviceBuffer<T>(blocks_of(batch_.view().lanes) * lane_block * job.batch.shape.states());
      REGENT_CUDA_CHECK(cudaMemcpyAsync(terminal_.data(), asked.terminal,
                                        padded * job.batch.shape.states() * sizeof(T), cudaMemcpyHostToDevice,
                                        gpu_.stream));
      job.terminal = terminal_.data();
    }
    job.counts = counts_.data();
    job.log_likelihood = likelihoods_.data();
    job.segment = segment_;
    launch(job);
    copy_back(asked.counts, counts_.data(), count_count(asked.batch));
    copy_back(asked.log_likelihood, likelihoods_.data(), padded);
    REGENT_CUDA_CHECK(cudaStreamSynchronize(gpu_.stream));
  }

 private:
  void launch(const ExpectationJob<T>& job) {
    const auto blocks = static_cast<unsigned>(blocks_of(job.batch.lanes));
    with_shape<T>(job.batch.shape, [&]<class S>() {
      const auto kernel = job.batch.law == EmissionLaw::student_t
                              ? expectation_kernel<T, S, StudentEmission<T, S>>
                              : expectation_kernel<T, S, GaussianEmission<T, S>>;
      REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, gpu_.stream, job, workspace_.data(), rows_);
    });
  }
  void copy_back(double* to, const double* from, std::size_t count) {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(to, from, count * sizeof(double), cudaMemcpyDeviceToHost, gpu_.stream));
  }

  const GpuState& gpu_;
  DeviceBatch<T> batch_;
  std::int64_t segment_;
  std::size_t rows_;
  DeviceBuffer<T> workspace_, terminal_;
  DeviceBuffer<double> counts_, likelihoods_;
  DeviceBuffer<std::uint8_t> active_;
};

}  // namespace

template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_gpu(const Resources& resources,
                                                       const BatchView<T>& batch) {
  return std::make_unique<GpuExpectation<T>>(resources, batch);
}

template std::unique_ptr<ExpectationBackend<float>> expectation_gpu(const Resources&,
                                                                    const BatchView<float>&);
template std::unique_ptr<ExpectationBackend<double>> expectation_gpu(const Resources&,
                                                                     const BatchView<double>&);

}  // namespace regent::cuda::hmm
