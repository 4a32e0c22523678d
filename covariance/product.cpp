#include "covariance/product.hpp"

namespace regent::covariance {
namespace {

cuda::covariance::TableView view_of(const RowMajor& table) {
  return {{table.data(), static_cast<std::size_t>(table.size())}, table.rows(), table.cols()};
}

}  // namespace

Eigen::MatrixXd product_of(const cuda::Resources* device, const RowMajor& a, const RowMajor& b) {
  static const cuda::Resources cpu = cuda::Resources::make("cpu");
  RowMajor product(a.cols(), b.cols());
  cuda::covariance::product_of(device == nullptr ? cpu : *device, view_of(a), view_of(b),
                               {product.data(), static_cast<std::size_t>(product.size())});
  return product;
}

}  // namespace regent::covariance
