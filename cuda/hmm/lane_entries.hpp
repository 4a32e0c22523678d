#pragma once
// Index and call of the lane kernels of one emission law, for the instruction set that its includer is
// compiled for. The maths is in the bodies. Nothing with external linkage but the tables that the includers
// hold, and no standard library templates, so that code compiled for AVX-512 can never be what the linker
// keeps for all.

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class T, template <class, class> class Law>
void forward(const ForwardJob<T>& job, int group) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_forward<R, AnyShape, TableEmission<R, AnyShape>>(job, group);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() { run_forward<R, S, Law<R, S>>(job, group); });
}

template <class T, template <class, class> class Law>
void smooth(const SmoothJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_smooth<R, AnyShape, TableEmission<R, AnyShape>>(job, group, workspace);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() { run_smooth<R, S, Law<R, S>>(job, group, workspace); });
}

template <class T, template <class, class> class Law>
void expectation(const ExpectationJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  const AnyShape shape(job.batch.shape);
  T* rest = workspace + CountLayout<AnyShape>{shape}.rows(job.batch.law) * workspace_stride<R>;
  with_shape<T>(job.batch.shape,
                [&]<class S>() { run_expectation<R, S, Law<R, S>>(job, group, workspace, rest); });
}

template <class T, template <class, class> class Law>
void viterbi(const ViterbiJob<T>& job, int group, T* logs) {
  using R = Pack<T>;
  const AnyShape shape(job.batch.shape);
  auto* origins =
      reinterpret_cast<std::uint8_t*>(logs + ParameterLayout<AnyShape>{shape}.size() * workspace_stride<R>);
  if (job.batch.emission_table != nullptr) {
    run_viterbi<R, AnyShape, TableEmission<R, AnyShape>>(job, group, origins, logs);
    return;
  }
  with_shape<T>(job.batch.shape, [&]<class S>() { run_viterbi<R, S, Law<R, S>>(job, group, origins, logs); });
}

template <class T, template <class, class> class Law>
constexpr LaneKernels<T> kernels{Lanes<Pack<T>>::width, forward<T, Law>, smooth<T, Law>, expectation<T, Law>,
                                 viterbi<T, Law>};

}  // namespace
}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
