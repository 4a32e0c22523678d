#pragma once
// Products of tables that have a row for every bar: out[i][j] = Σ_t a[t][i]·b[t][j], in fp64. cuBLAS on a
// GPU, Eigen on the CPU. run_to_run: bitwise on one kind of device. cpu_to_gpu: to the rounding of the sums,
// which each adds up in its own order.

#include <cstdint>
#include <span>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::covariance {

struct TableView {
  std::span<const double> values;  // [rows, columns], row by row
  std::int64_t rows = 0, columns = 0;
};

// out: [a.columns, b.columns], row by row; of a table with itself symmetric to the bit. a and b have as many
// rows, at least one. Throws InputError where the GPU's library cannot be loaded or a table has more rows or
// columns than it counts (2³¹ − 1), Error where the GPU's memory does not hold them.
void product_of(const Resources& resources, const TableView& a, const TableView& b, std::span<double> out);

// Internal: products_gpu.cu, or products_no_gpu.cpp in a build without CUDA. Of a table with itself the lower
// triangle alone.
void product_gpu(const Resources& resources, const TableView& a, const TableView& b, std::span<double> out);

}  // namespace regent::cuda::covariance
