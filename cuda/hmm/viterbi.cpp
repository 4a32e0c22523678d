#include "cuda/hmm/viterbi.hpp"

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/check_batch.hpp"

namespace regent::cuda::hmm {

template <class T>
void viterbi(const Resources& resources, const BatchView<T>& batch, std::span<std::uint8_t> path,
             std::span<double> log_probability, const PathEnds& ends) {
  check_batch(batch);
  const std::size_t blocks = blocks_of(batch.lanes);
  if (!path.empty()) check_size(path.size(), blocks * batch.steps * lane_block);
  check_size(log_probability.size(), blocks * lane_block);
  if (!ends.last.empty()) check_size(ends.last.size(), blocks * lane_block);
  if (!ends.scores.empty()) check_size(ends.scores.size(), blocks * lane_block * batch.shape.states());
  ViterbiJob<T> job;
  job.batch = batch;
  job.path = path.empty() ? nullptr : path.data();
  job.last = ends.last.empty() ? nullptr : ends.last.data();
  job.scores = ends.scores.empty() ? nullptr : ends.scores.data();
  job.log_probability = log_probability.data();
  resources.backend() == Backend::gpu ? viterbi_gpu(resources, job) : viterbi_cpu(resources, job);
}

template void viterbi(const Resources&, const BatchView<float>&, std::span<std::uint8_t>, std::span<double>,
                      const PathEnds&);
template void viterbi(const Resources&, const BatchView<double>&, std::span<std::uint8_t>, std::span<double>,
                      const PathEnds&);

}  // namespace regent::cuda::hmm
