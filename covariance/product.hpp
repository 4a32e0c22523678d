#pragma once
// Products over bars, on the device that the caller chose. Internal to this room.

#include "covariance/maps.hpp"
#include "cuda/covariance/products.hpp"

namespace regent::covariance {

// aᵀ·b of [rows, columns] tables. device: nullptr for the CPU.
Eigen::MatrixXd product_of(const cuda::Resources* device, const RowMajor& a, const RowMajor& b);

}  // namespace regent::covariance
