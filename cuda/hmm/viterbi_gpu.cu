#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/gpu_segment.cuh"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block)
    viterbi_kernel(ViterbiJob<T> job, std::uint8_t* origins, std::size_t origin_rows, T* logs,
                   std::size_t log_rows) {
  run_viterbi<T, S, Emission>(job, lane_of_thread(), workspace_of_block(origins, origin_rows),
                              workspace_of_block(logs, log_rows));
}

template <class T>
void launch(const ViterbiJob<T>& job, std::uint8_t* origins, std::size_t origin_rows, T* logs,
            std::size_t log_rows, cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(blocks_of(job.batch.lanes));
  if (job.batch.emission_table != nullptr) {
    const auto kernel = viterbi_kernel<T, AnyShape, TableEmission<T, AnyShape>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, origins, origin_rows, logs, log_rows);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() {
    const auto kernel = job.batch.law == EmissionLaw::student_t
                            ? viterbi_kernel<T, S, StudentEmission<T, S>>
                            : viterbi_kernel<T, S, GaussianEmission<T, S>>;
    REGENT_CUDA_LAUNCH(kernel, blocks, lane_block, 0, stream, job, origins, origin_rows, logs, log_rows);
  });
}

}  // namespace

template <class T>
void viterbi_gpu(const Resources& resources, const ViterbiJob<T>& job) {
  const cudaStream_t stream = resources.gpu()->stream;
  const DeviceBatch<T> batch(job.batch, true, stream);
  const std::size_t blocks = blocks_of(job.batch.lanes), padded = blocks * lane_block;
  const AnyShape shape(job.batch.shape);
  const std::size_t origin_rows = static_cast<std::size_t>(job.batch.steps) * shape.states;
  const std::size_t log_rows = ParameterLayout<AnyShape>{shape}.size();
  const DeviceBuffer<std::uint8_t> origins(blocks * origin_rows * lane_block);
  const DeviceBuffer<T> logs(blocks * log_rows * lane_block);
  DeviceBuffer<std::uint8_t> path(blocks * job.batch.steps * lane_block);
  path.clear(stream);  // lanes that only fill the last block write none
  DeviceBuffer<double> probabilities(padded);
  probabilities.clear(stream);
  launch(ViterbiJob<T>{batch.view(), path.data(), probabilities.data()}, origins.data(), origin_rows,
         logs.data(), log_rows, stream);
  path.download(std::span<std::uint8_t>(job.path, path.size()), stream);
  probabilities.download(std::span<double>(job.log_probability, padded), stream);
}

template void viterbi_gpu(const Resources&, const ViterbiJob<float>&);
template void viterbi_gpu(const Resources&, const ViterbiJob<double>&);

}  // namespace regent::cuda::hmm
