// In the place of sort_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/order/sort.hpp"

namespace regent::cuda::order {

void sort_gpu(const Resources&, std::span<double>) {
  throw Error("this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda::order
