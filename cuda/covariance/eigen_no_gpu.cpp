// In the place of eigen_gpu.cu where no CUDA compiler was found.

#include "cuda/covariance/eigen_gpu.hpp"
#include "cuda/runtime/no_gpu.hpp"

namespace regent::cuda::covariance {
template <class T>
struct EigenGpu<T>::State {};
template <class T>
EigenGpu<T>::EigenGpu(const Resources&, int, int, EigenGpuMethod) {
  no_gpu();
}
template <class T>
EigenGpu<T>::~EigenGpu() = default;
template <class T>
void EigenGpu<T>::send(const T*, int) {
  no_gpu();
}
template <class T>
void EigenGpu<T>::solve() {
  no_gpu();
}
template <class T>
void EigenGpu<T>::wait() const {
  no_gpu();
}
template <class T>
void EigenGpu<T>::fetch(const EigenJob<T>&) {
  no_gpu();
}
template <class T>
void eigen_gpu(const Resources&, const EigenJob<T>&) {
  no_gpu();
}

template class EigenGpu<float>;
template class EigenGpu<double>;
template void eigen_gpu(const Resources&, const EigenJob<float>&);
template void eigen_gpu(const Resources&, const EigenJob<double>&);

}  // namespace regent::cuda::covariance
