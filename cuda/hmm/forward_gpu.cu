#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/gpu_workspace.cuh"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block)
    forward_kernel(ForwardJob<T> job, T* workspace, std::size_t rows) {
  run_forward<T, S, Emission>(job, lane_of_thread(), workspace_of_block(workspace, rows));
}

template <class T>
void launch(const ForwardJob<T>& job, T* workspace, std::size_t rows, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(blocks_of(job.batch.lanes));
  if (job.batch.emission_table != nullptr) {
    const auto kernel = forward_kernel<T, AnyShape, TableEmission<T, AnyShape>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, workspace, rows);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() {
    const auto kernel = job.batch.law == EmissionLaw::student_t
                            ? forward_kernel<T, S, StudentEmission<T, S>>
                            : forward_kernel<T, S, GaussianEmission<T, S>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, workspace, rows);
  });
}

}  // namespace

template <class T>
void forward_gpu(const Resources& resources, const ForwardJob<T>& job) {
  const cudaStream_t stream = resources.gpu()->stream;
  const DeviceBatch<T> batch(job.batch, true, stream);
  const std::size_t padded = blocks_of(job.batch.lanes) * lane_block;
  const DeviceBuffer<T> posteriors(job.posteriors == nullptr ? 0 : by_state_count(job.batch));
  const DeviceBuffer<double> likelihoods(padded);
  const std::size_t rows = forward_workspace_rows(job.batch);
  const DeviceBuffer<T> workspace(padded * rows);
  launch(ForwardJob<T>{batch.view(), posteriors.data(), likelihoods.data()}, workspace.data(), rows, stream);
  if (job.posteriors != nullptr) posteriors.download(std::span<T>(job.posteriors, posteriors.size()), stream);
  likelihoods.download(std::span<double>(job.log_likelihood, padded), stream);
}

template void forward_gpu(const Resources&, const ForwardJob<float>&);
template void forward_gpu(const Resources&, const ForwardJob<double>&);

}  // namespace regent::cuda::hmm
