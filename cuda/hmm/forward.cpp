#include "cuda/hmm/forward.hpp"

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/check_batch.hpp"

namespace regent::cuda::hmm {

template <class T>
void forward(const Resources& resources, const BatchView<T>& batch, std::span<T> posteriors,
             std::span<double> log_likelihood) {
  check_batch(batch);
  const std::size_t blocks = blocks_of(batch.lanes);
  if (!posteriors.empty())
    check_size(posteriors.size(), blocks * batch.steps * batch.shape.states() * lane_block);
  check_size(log_likelihood.size(), blocks * lane_block);
  ForwardJob<T> job;
  job.batch = batch;
  job.posteriors = posteriors.empty() ? nullptr : posteriors.data();
  job.log_likelihood = log_likelihood.data();
  resources.backend() == Backend::gpu ? forward_gpu(resources, job) : forward_cpu(resources, job);
}

template void forward(const Resources&, const BatchView<float>&, std::span<float>, std::span<double>);
template void forward(const Resources&, const BatchView<double>&, std::span<double>, std::span<double>);

}  // namespace regent::cuda::hmm
