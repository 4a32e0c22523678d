#include "cuda/covariance/products.hpp"

#include <Eigen/Core>

#include "base/error.hpp"

namespace regent::cuda::covariance {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const RowMajor> map_of(const TableView& table) {
  return {table.values.data(), table.rows, table.columns};
}

bool fits(const TableView& table) {
  return table.rows >= 1 && table.columns >= 0 &&
         static_cast<std::int64_t>(table.values.size()) == table.rows * table.columns;
}

}  // namespace

void product_of(const Resources& resources, const TableView& a, const TableView& b, std::span<double> out) {
  REGENT_INVARIANT(fits(a) && fits(b) && a.rows == b.rows, "tables of as many rows");
  REGENT_INVARIANT(static_cast<std::int64_t>(out.size()) == a.columns * b.columns,
                   "a product is [a.columns, b.columns]");
  if (out.empty()) return;
  Eigen::Map<RowMajor> result(out.data(), a.columns, b.columns);
  if (resources.backend() == Backend::gpu) {
    product_gpu(resources, a, b, out);
  } else {
    result.noalias() = map_of(a).transpose() * map_of(b);
  }
  if (a.values.data() != b.values.data() || a.columns != b.columns) return;
  for (Eigen::Index i = 0; i < result.rows(); ++i) {
    for (Eigen::Index j = 0; j < i; ++j) result(j, i) = result(i, j);
  }
}

}  // namespace regent::cuda::covariance
