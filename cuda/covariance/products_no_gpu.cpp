// In the place of products_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/covariance/products.hpp"

namespace regent::cuda::covariance {

void product_gpu(const Resources&, const TableView&, const TableView&, std::span<double>) {
  throw Error("this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda::covariance
