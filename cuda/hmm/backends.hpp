#pragma once
// The two launchers behind each operation. The GPU's are in *_gpu.cu, or in hmm_no_gpu.cpp in a build without
// CUDA.

#include <memory>

#include "cuda/hmm/jobs.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda::hmm {

template <class T>
void forward_cpu(const Resources& resources, const ForwardJob<T>& job);
template <class T>
void forward_gpu(const Resources& resources, const ForwardJob<T>& job);
template <class T>
void smooth_cpu(const Resources& resources, const SmoothJob<T>& job);
template <class T>
void smooth_gpu(const Resources& resources, const SmoothJob<T>& job);
template <class T>
void viterbi_cpu(const Resources& resources, const ViterbiJob<T>& job);
template <class T>
void viterbi_gpu(const Resources& resources, const ViterbiJob<T>& job);

// Keeps buffers between calls.
template <class T>
class ExpectationBackend {
 public:
  virtual ~ExpectationBackend() = default;
  virtual void run(const ExpectationJob<T>& job) = 0;
  virtual std::int64_t run_again() const = 0;
};
template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_cpu(const Resources& resources, const BatchView<T>& batch);
template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_gpu(const Resources& resources, const BatchView<T>& batch);

}  // namespace regent::cuda::hmm
