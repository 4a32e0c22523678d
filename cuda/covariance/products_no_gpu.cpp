// In the place of products_gpu.cu where no CUDA compiler was found.

#include "cuda/covariance/products.hpp"
#include "cuda/runtime/no_gpu.hpp"

namespace regent::cuda::covariance {

void product_gpu(const Resources&, const TableView&, const TableView&, std::span<double>) {
  no_gpu();
}

}  // namespace regent::cuda::covariance
