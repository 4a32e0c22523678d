// The lane kernels of one instruction set; compiled once per set (see regent_lanes in cuda/CMakeLists.txt).
// Only index and call are here, the maths is in the bodies. Nothing with external linkage but the tables at
// the end, and no standard library templates, so that code compiled for AVX-512 can never be what the linker
// keeps for all.

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class T>
void forward(const ForwardJob<T>& job, int group) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_forward<R, AnyShape, TableEmission<R, AnyShape>>(job, group);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() { run_forward<R, S, GaussianEmission<R, S>>(job, group); });
}

template <class T>
void smooth(const SmoothJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_smooth<R, AnyShape, TableEmission<R, AnyShape>>(job, group, workspace);
    return;
  }
  with_shape<T>(job.batch.shape,
                [&]<class S>() { run_smooth<R, S, GaussianEmission<R, S>>(job, group, workspace); });
}

template <class T>
void expectation(const ExpectationJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  const AnyShape shape(job.batch.shape);
  T* rest = workspace + CountLayout<AnyShape>{shape}.size() * workspace_stride<R>;
  with_shape<T>(job.batch.shape, [&]<class S>() { run_expectation<R, S>(job, group, workspace, rest); });
}

template <class T>
void viterbi(const ViterbiJob<T>& job, int group, T* logs) {
  using R = Pack<T>;
  const AnyShape shape(job.batch.shape);
  auto* origins =
      reinterpret_cast<std::uint8_t*>(logs + ParameterLayout<AnyShape>{shape}.size() * workspace_stride<R>);
  if (job.batch.emission_table != nullptr) {
    run_viterbi<R, AnyShape, TableEmission<R, AnyShape>>(job, group, origins, logs);
    return;
  }
  with_shape<T>(job.batch.shape,
                [&]<class S>() { run_viterbi<R, S, GaussianEmission<R, S>>(job, group, origins, logs); });
}

template <class T>
constexpr LaneKernels<T> kernels{Lanes<Pack<T>>::width, forward<T>, smooth<T>, expectation<T>, viterbi<T>};

}  // namespace

const LaneKernels<float>& float_kernels() {
  return kernels<float>;
}
const LaneKernels<double>& double_kernels() {
  return kernels<double>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
