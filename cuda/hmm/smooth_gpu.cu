#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/gpu_workspace.cuh"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block)
    smooth_kernel(SmoothJob<T> job, T* workspace, std::size_t rows) {
  run_smooth<T, S, Emission>(job, lane_of_thread(), workspace_of_block(workspace, rows));
}

template <class T>
void launch(const SmoothJob<T>& job, T* workspace, std::size_t rows, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(blocks_of(job.batch.lanes));
  if (job.batch.emission_table != nullptr) {
    const auto kernel = smooth_kernel<T, AnyShape, TableEmission<T, AnyShape>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, workspace, rows);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() {
    const auto kernel = job.batch.law == EmissionLaw::student_t ? smooth_kernel<T, S, StudentEmission<T, S>>
                                                                : smooth_kernel<T, S, GaussianEmission<T, S>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, workspace, rows);
  });
}

}  // namespace

template <class T>
void smooth_gpu(const Resources& resources, const SmoothJob<T>& job) {
  const cudaStream_t stream = resources.gpu()->stream;
  const DeviceBatch<T> batch(job.batch, true, stream);
  const std::size_t blocks = blocks_of(job.batch.lanes), padded = blocks * lane_block;
  const DeviceBuffer<T> posteriors(by_state_count(job.batch));
  const DeviceBuffer<double> likelihoods(padded);
  const KeptSpan kept = gpu_span(job.batch);
  const std::size_t rows = both_ways_workspace_rows(job.batch, kept);
  const DeviceBuffer<T> workspace(blocks * rows * lane_block);
  DeviceBuffer<T> terminal(job.terminal == nullptr ? 0 : padded * job.batch.shape.states());
  if (job.terminal != nullptr) terminal.upload(std::span<const T>(job.terminal, terminal.size()), stream);
  launch(SmoothJob<T>{batch.view(), posteriors.data(), likelihoods.data(), terminal.data(), kept},
         workspace.data(), rows, stream);
  posteriors.download(std::span<T>(job.posteriors, posteriors.size()), stream);
  likelihoods.download(std::span<double>(job.log_likelihood, padded), stream);
}

template void smooth_gpu(const Resources&, const SmoothJob<float>&);
template void smooth_gpu(const Resources&, const SmoothJob<double>&);

}  // namespace regent::cuda::hmm
