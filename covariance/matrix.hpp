#pragma once
// Square matrices and tables of observations as plain doubles, so that Eigen stays inside the room.

#include <cstddef>
#include <span>
#include <vector>

namespace regent::covariance {

// [size, size], row-major.
struct Matrix {
  std::size_t size = 0;
  std::vector<double> values;

  Matrix() = default;
  explicit Matrix(std::size_t n, double value = 0) : size(n), values(n * n, value) {}
  double operator()(std::size_t i, std::size_t j) const { return values[i * size + j]; }
  double& operator()(std::size_t i, std::size_t j) { return values[i * size + j]; }
};

// [rows, columns], row-major: one row per time, one column per asset; NaN marks a missing value.
struct Observations {
  std::span<const double> values;
  std::size_t rows = 0, columns = 0;
  double operator()(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
  bool complete() const;  // no NaN
};

// Rows from `first` on: the last of `rows`, and each `every`-th before it. REQUIRES first < rows, every > 0.
inline std::vector<std::size_t> every_row_back(std::size_t first, std::size_t rows, std::size_t every) {
  std::vector<std::size_t> chosen;
  for (std::size_t row = first + (rows - 1 - first) % every; row < rows; row += every) chosen.push_back(row);
  return chosen;
}

}  // namespace regent::covariance
