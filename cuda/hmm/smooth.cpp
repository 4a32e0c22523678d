#include "cuda/hmm/smooth.hpp"

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/check_batch.hpp"

namespace regent::cuda::hmm {

template <class T>
void smooth(const Resources& resources, const BatchView<T>& batch, std::span<T> posteriors,
            std::span<double> log_likelihood, const T* terminal) {
  check_batch(batch);
  const std::size_t blocks = blocks_of(batch.lanes);
  check_size(posteriors.size(), blocks * batch.steps * batch.shape.states() * lane_block);
  check_size(log_likelihood.size(), blocks * lane_block);
  SmoothJob<T> job;
  job.batch = batch;
  job.posteriors = posteriors.data();
  job.log_likelihood = log_likelihood.data();
  job.terminal = terminal;
  resources.backend() == Backend::gpu ? smooth_gpu(resources, job) : smooth_cpu(resources, job);
}

template void smooth(const Resources&, const BatchView<float>&, std::span<float>, std::span<double>,
                     const float*);
template void smooth(const Resources&, const BatchView<double>&, std::span<double>, std::span<double>,
                     const double*);

}  // namespace regent::cuda::hmm
