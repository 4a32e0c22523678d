#pragma once
// A warm start: eigenvalues and vectors of symmetric matrices that changed by few rows, from those before.
//
//   A_new = keep · A + Σ_t weight_t · x_t x_t'
//
// is what a bar does to an EWMA covariance (keep = λ, one row of weight 1 − λ) and to one of a rolling window
// (the row that enters, weight above 0, and the one that leaves, below). Each row turns the vectors by one
// product of matrices (eigen_update_body.hpp), several times cheaper than a solution from the start.
//
// Every result is checked by two probes against its own new matrix, and solved from the start (eigen_batch)
// where it is not within 4 size ε (16 ε below size 4) of it, or its vectors of orthonormal: for rounding adds
// up over thousands of bars, and a matrix may have changed by more than the rows say. So vectors never drift
// further than that, and rows that are wrong cost time, never correctness. A matrix that failed before is
// solved from the start, too. On a GPU every matrix is.

#include "cuda/covariance/eigen.hpp"

namespace regent::cuda::covariance {

// T is float or double.
template <class T>
struct EigenUpdate {
  std::span<const T> matrices;  // [count, size, size] after the change, of which the lower triangles are read
  int size = 0, count = 0;
  T keep = 1;
  int rows = 0;                   // of the change to each matrix
  std::span<const T> weights;     // [count, rows]
  std::span<const T> directions;  // [count, rows, size]
  std::span<T> values, vectors;   // as in EigenBatch: of the matrices before, and then of `matrices`
};

struct EigenUpdateReport : EigenReport {
  int restarts = 0;  // matrices solved from the start
};

// Throws InputError when size < 1, or `keep` is not above 0. REQUIRES spans of those sizes.
template <class T>
EigenUpdateReport eigen_update(const Resources& resources, const EigenUpdate<T>& update);

}  // namespace regent::cuda::covariance
