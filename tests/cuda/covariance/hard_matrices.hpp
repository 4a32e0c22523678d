#pragma once
// Matrices for eigensolvers, and what a solution must be.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace regent::cuda::covariance {

// A matrix of each kind that solvers stumble over.
template <class T>
std::vector<T> hard_matrix(int kind, int n, std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  std::vector<double> a(static_cast<std::size_t>(n) * n, 0.0);
  const auto set = [&](int i, int j, double value) { a[i * n + j] = a[j * n + i] = value; };
  const int rank = kind == 1 ? 3 : kind == 0 ? 2 * n : 0;
  for (int r = 0; r < rank; ++r) {  // 0: covariance, 1: covariance of few rows
    std::vector<double> row(n);
    for (double& x : row) x = normal(engine);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) a[i * n + j] += row[i] * row[j] / rank;
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      if (kind == 2) set(i, j, normal(engine));                    // indefinite
      if (kind == 3 && i == j) set(i, i, std::exp2(-(i % 40)));    // diagonal, graded
      if (kind == 4) set(i, j, 1);                                 // all equal: one eigenvalue n, others 0
      if (kind == 5 && i / 3 == j / 3) set(i, j, normal(engine));  // blocks that do not touch
      if (kind == 6)
        set(i, j, i == j ? std::abs(n - 1 - 2 * i) / 2.0 : i - j == 1 ? 1 : 0);  // Wilkinson's, pairs
      if (kind == 7) set(i, j, 1e-6 * normal(engine) + (i == j ? 1 : 0));        // a cluster at one
      if (kind == 8) set(i, j, std::exp2(-std::abs(i - j) - i));                 // graded
      if (kind == 9) set(i, j, 1e-14 * normal(engine) + (i + j == 0 ? 1 : 0));   // tiny beside one
    }
  }
  return {a.begin(), a.end()};
}
inline constexpr int kinds = 11;  // the last: zeros

// One of each kind, one after the other.
template <class T>
std::vector<T> hard_matrices(int n, std::mt19937_64& engine) {
  std::vector<T> matrices;
  for (int kind = 0; kind < kinds; ++kind) {
    const auto matrix = hard_matrix<T>(kind, n, engine);
    matrices.insert(matrices.end(), matrix.begin(), matrix.end());
  }
  return matrices;
}

// Residual, orthonormality, order and trace in double, against the matrix itself.
template <class T>
void expect_solved(const T* matrix, const T* values, const T* vectors, int n) {
  const double eps = std::numeric_limits<T>::epsilon() / 2;
  double norm = 0, trace = 0, sum = 0;
  for (int i = 0; i < n; ++i) norm = std::max(norm, std::abs(static_cast<double>(values[i])));
  for (int k = 0; k < n; ++k) {
    if (k > 0) {
      ASSERT_LE(values[k - 1], values[k]);
    }
    trace += matrix[k * n + k];
    sum += values[k];
    double residual = 0;
    for (int i = 0; i < n; ++i) {
      double image = 0;
      for (int j = 0; j < n; ++j) image += static_cast<double>(matrix[i * n + j]) * vectors[k * n + j];
      residual = std::max(residual, std::abs(image - static_cast<double>(values[k]) * vectors[k * n + i]));
    }
    ASSERT_LE(residual, 6 * n * eps * norm) << "vector " << k;
    for (int l = 0; l <= k; ++l) {
      double dot = 0;
      for (int i = 0; i < n; ++i) dot += static_cast<double>(vectors[k * n + i]) * vectors[l * n + i];
      ASSERT_NEAR(dot, k == l ? 1 : 0, 8 * n * eps) << k << ' ' << l;
    }
  }
  ASSERT_NEAR(sum, trace, 4 * n * n * eps * norm);
}

}  // namespace regent::cuda::covariance
