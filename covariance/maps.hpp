#pragma once
// Eigen's views of plain matrices. Only for sources, never for a header that others include.

#include <Eigen/Dense>

#include "covariance/matrix.hpp"

namespace regent::covariance {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const RowMajor> map_of(const Matrix& matrix) {
  const auto n = static_cast<Eigen::Index>(matrix.size);
  return {matrix.values.data(), n, n};
}
inline Eigen::Map<const RowMajor> map_of(const Observations& observations) {
  return {observations.values.data(), static_cast<Eigen::Index>(observations.rows),
          static_cast<Eigen::Index>(observations.columns)};
}
template <class Derived>
Matrix plain(const Eigen::MatrixBase<Derived>& matrix) {
  Matrix result(static_cast<std::size_t>(matrix.rows()));
  Eigen::Map<RowMajor>(result.values.data(), matrix.rows(), matrix.cols()) = matrix;
  return result;
}

}  // namespace regent::covariance
