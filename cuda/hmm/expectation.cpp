#include "cuda/hmm/expectation.hpp"

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/check_batch.hpp"
#include "cuda/hmm/long_series.hpp"

namespace regent::cuda::hmm {

template <class T>
struct Expectation<T>::Backend {
  BatchView<T> batch;
  std::unique_ptr<ExpectationBackend<T>> launcher;
};

template <class T>
Expectation<T>::Expectation(const Resources& resources, const BatchView<T>& batch) {
  check_batch(batch);
  REGENT_INVARIANT(batch.observations != nullptr, "expected counts need observations");
  const bool on_gpu = resources.backend() == ::regent::cuda::Backend::gpu;
  backend_ = std::make_unique<Backend>();
  backend_->batch = batch;
  backend_->launcher = chunks_of(batch) > 1 ? expectation_long(resources, batch)
                       : on_gpu             ? expectation_gpu(resources, batch)
                                            : expectation_cpu(resources, batch);
}

template <class T>
Expectation<T>::~Expectation() = default;

template <class T>
void Expectation<T>::run(int lanes, std::span<const T> parameters, std::span<const std::uint8_t> active,
                         std::span<double> counts, std::span<double> log_likelihood) {
  REGENT_INVARIANT(lanes >= 1 && lanes <= backend_->batch.lanes, "no more lanes than the series has");
  const AnyShape shape(backend_->batch.shape);
  const std::size_t blocks = blocks_of(lanes);
  check_size(parameters.size(), blocks * lane_block * ParameterLayout<AnyShape>{shape}.size());
  check_size(active.size(), lanes);
  check_size(counts.size(), blocks * lane_block * CountLayout<AnyShape>{shape}.rows(backend_->batch.law));
  check_size(log_likelihood.size(), blocks * lane_block);
  ExpectationJob<T> job;
  job.batch = backend_->batch;
  job.batch.lanes = lanes;
  job.batch.parameters = parameters.data();
  job.active = active.data();
  job.counts = counts.data();
  job.log_likelihood = log_likelihood.data();
  backend_->launcher->run(job);
}

template <class T>
std::int64_t Expectation<T>::run_again() const {
  return backend_->launcher->run_again();
}

template class Expectation<float>;
template class Expectation<double>;

}  // namespace regent::cuda::hmm
