#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/gpu_workspace.cuh"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block)
    viterbi_kernel(ViterbiJob<T> job, IndexScalarOf<T>* origins, std::size_t origin_rows, T* logs,
                   std::size_t log_rows) {
  run_viterbi<T, S, Emission>(job, lane_of_thread(), workspace_of_block(origins, origin_rows),
                              workspace_of_block(logs, log_rows));
}

template <class T>
void launch(const ViterbiJob<T>& job, IndexScalarOf<T>* origins, std::size_t origin_rows, T* logs,
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
  const std::size_t padded = blocks_of(job.batch.lanes) * lane_block;
  const std::size_t origin_rows = viterbi_origin_rows(job.batch), log_rows = viterbi_log_rows(job.batch);
  const DeviceBuffer<IndexScalarOf<T>> origins(padded * origin_rows);
  const DeviceBuffer<T> logs(padded * log_rows);
  const DeviceBuffer<std::uint8_t> path(job.path == nullptr ? 0 : padded * job.batch.steps);
  const DeviceBuffer<double> probabilities(padded);
  const DeviceBuffer<double> scores(job.scores == nullptr ? 0 : padded * job.batch.shape.states());
  DeviceBuffer<std::int32_t> last(job.last == nullptr ? 0 : padded);
  if (job.last != nullptr) last.upload(std::span<const std::int32_t>(job.last, padded), stream);
  launch(ViterbiJob<T>{batch.view(), path.data(), probabilities.data(), last.data(), scores.data()},
         origins.data(), origin_rows, logs.data(), log_rows, stream);
  if (job.path != nullptr) path.download(std::span<std::uint8_t>(job.path, path.size()), stream);
  if (job.scores != nullptr) scores.download(std::span<double>(job.scores, scores.size()), stream);
  probabilities.download(std::span<double>(job.log_probability, padded), stream);
}

template void viterbi_gpu(const Resources&, const ViterbiJob<float>&);
template void viterbi_gpu(const Resources&, const ViterbiJob<double>&);

}  // namespace regent::cuda::hmm
