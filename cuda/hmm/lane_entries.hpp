#pragma once
// Index and call of the lane kernels of one emission law, for the instruction set that its includer is
// compiled for. The maths is in the bodies. Nothing with external linkage but the tables that the includers
// hold, and no standard library templates, so that code compiled for AVX-512 can never be what the linker
// keeps for all.

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/run_body.hpp"
#include "cuda/hmm/window_body.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class T, template <class, class> class Emission>
void forward(const ForwardJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_forward<R, AnyShape, TableEmission<R, AnyShape>>(job, group, workspace);
  } else {
    run_forward<R, AnyShape, Emission<R, AnyShape>>(job, group, workspace);
  }
}

template <class T, template <class, class> class Emission>
void smooth(const SmoothJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  if (job.batch.emission_table != nullptr) {
    run_smooth<R, AnyShape, TableEmission<R, AnyShape>>(job, group, workspace);
  } else {
    run_smooth<R, AnyShape, Emission<R, AnyShape>>(job, group, workspace);
  }
}

template <class T, template <class, class> class Emission>
void expectation(const ExpectationJob<T>& job, int group, int groups, T* workspace) {
  using R = Pack<T>;
  if (groups == 2) {
    run_expectation<R, AnyShape, Emission<R, AnyShape>, 2>(job, group, workspace);
  } else {
    run_expectation<R, AnyShape, Emission<R, AnyShape>, 1>(job, group, workspace);
  }
}

template <class T, template <class, class> class Emission>
void viterbi(const ViterbiJob<T>& job, int group, T* workspace) {
  using R = Pack<T>;
  auto* origins =
      reinterpret_cast<IndexScalarOf<R>*>(workspace + viterbi_log_rows(job.batch) * workspace_stride<R>);
  if (job.batch.emission_table != nullptr) {
    run_viterbi<R, AnyShape, TableEmission<R, AnyShape>>(job, group, origins, workspace);
  } else {
    run_viterbi<R, AnyShape, Emission<R, AnyShape>>(job, group, origins, workspace);
  }
}

template <class T, template <class, class> class Emission>
constexpr LaneKernels<T> kernels{Lanes<Pack<T>>::width, forward<T, Emission>, smooth<T, Emission>,
                                 expectation<T, Emission>, viterbi<T, Emission>};

}  // namespace
}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
