// The lane kernels of the live filter for one instruction set; compiled once per set (see regent_lanes in
// cuda/CMakeLists.txt).

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/hmm/live_body.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class T>
void prepare(const LiveJob<T>& job, int group, T* prepared) {
  prepare_live<Pack<T>, AnyShape>(job, group, prepared);
}
template <class T>
void update(const LiveJob<T>& job, int group) {
  run_live<Pack<T>, AnyShape>(job, group);
}
template <class T>
constexpr LiveKernels<T> kernels{Lanes<Pack<T>>::width, prepare<T>, update<T>};

}  // namespace

const LiveKernels<float>& live_float_kernels() {
  return kernels<float>;
}
const LiveKernels<double>& live_double_kernels() {
  return kernels<double>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
