// In the place of the launchers in *_gpu.cu where no CUDA compiler was found.

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/live.hpp"
#include "cuda/runtime/no_gpu.hpp"

namespace regent::cuda::hmm {

template <class T>
void forward_gpu(const Resources&, const ForwardJob<T>&) {
  no_gpu();
}
template <class T>
void smooth_gpu(const Resources&, const SmoothJob<T>&) {
  no_gpu();
}
template <class T>
void viterbi_gpu(const Resources&, const ViterbiJob<T>&) {
  no_gpu();
}
template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_gpu(const Resources&, const BatchView<T>&) {
  no_gpu();
}
template <class T>
std::unique_ptr<LiveDevice<T>> live_gpu(const Resources&, const LiveJob<T>&) {
  no_gpu();
}

template void forward_gpu(const Resources&, const ForwardJob<float>&);
template void forward_gpu(const Resources&, const ForwardJob<double>&);
template void smooth_gpu(const Resources&, const SmoothJob<float>&);
template void smooth_gpu(const Resources&, const SmoothJob<double>&);
template void viterbi_gpu(const Resources&, const ViterbiJob<float>&);
template void viterbi_gpu(const Resources&, const ViterbiJob<double>&);
template std::unique_ptr<ExpectationBackend<float>> expectation_gpu(const Resources&,
                                                                    const BatchView<float>&);
template std::unique_ptr<ExpectationBackend<double>> expectation_gpu(const Resources&,
                                                                     const BatchView<double>&);
template std::unique_ptr<LiveDevice<float>> live_gpu(const Resources&, const LiveJob<float>&);
template std::unique_ptr<LiveDevice<double>> live_gpu(const Resources&, const LiveJob<double>&);

}  // namespace regent::cuda::hmm
