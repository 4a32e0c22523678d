// In the place of sort_gpu.cu where no CUDA compiler was found.

#include "cuda/order/sort.hpp"
#include "cuda/runtime/no_gpu.hpp"

namespace regent::cuda::order {

void sort_gpu(const Resources&, std::span<double>) {
  no_gpu();
}

}  // namespace regent::cuda::order
