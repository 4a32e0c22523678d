#pragma once
// Eigenvalues and vectors of small symmetric matrices, one matrix per lane: tridiagonalisation
// (eigen_reduce_body.hpp), then sweeps of QL (eigen_ql_body.hpp), whose rotations are kept for a while and
// applied to few rows of the vectors at a time (Van Zee, van de Geijn & Quintana-Ortí 2014), and probes of
// the result. A lane's result does not depend on its neighbours: each has its own block, shift and
// convergence, and turns by the identity where it has nothing to do. REQUIRES finite entries of magnitude
// below 4, the largest at least 2, or all zero.

#include "cuda/covariance/eigen_ql_body.hpp"
#include "cuda/covariance/eigen_reduce_body.hpp"

namespace regent::cuda::covariance {

// Turns neighbouring rows of the vectors, [rows, n], by the rotations of one sweep, from high − 1 down to
// low.
template <class R, int rows>
REGENT_SERIES_BODY void turn_rows(ScalarOf<R>* q, int n, const ScalarOf<R>* rotations, int low, int high) {
  R x[rows];
  for (int r = 0; r < rows; ++r) x[r] = at<R>(q, r * n + high);
  for (int k = high - 1; k >= low; --k) {
    const R cosine = at<R>(rotations, 2 * (k - low)), sine = at<R>(rotations, 2 * (k - low) + 1);
    for (int r = 0; r < rows; ++r) put<R>(q, r * n + k + 1, turn(cosine, sine, x[r], at<R>(q, r * n + k)));
  }
  for (int r = 0; r < rows; ++r) put<R>(q, r * n + low, x[r]);
}

// Few rows at a time through all sweeps kept, so that they stay in the nearest cache.
template <class R>
REGENT_BODY void turn_vectors(const EigenSpace<ScalarOf<R>>& s, const int* lows, const int* highs, int sweeps,
                              int n) {
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(n) * Lanes<R>::width;
  int first = 0;
  for (; first + rows_at_once <= n; first += rows_at_once) {
    for (int i = 0; i < sweeps; ++i)
      turn_rows<R, rows_at_once>(s.vectors + first * row, n, s.rotations + 2 * i * row, lows[i], highs[i]);
  }
  for (; first < n; ++first) {
    for (int i = 0; i < sweeps; ++i)
      turn_rows<R, 1>(s.vectors + first * row, n, s.rotations + 2 * i * row, lows[i], highs[i]);
  }
}

// Diagonalises T, turning the vectors along; gives up after sweeps_per_value sweeps for each value.
template <class R>
REGENT_BODY void diagonalise(const EigenSpace<ScalarOf<R>>& s, int n) {
  constexpr int kept_max = 64;
  int lows[kept_max], highs[kept_max], kept = 0, lowest = 0;
  for (int left = sweeps_per_value * n; left > 0; --left) {
    const QlBlock<R> block = find_block<R>(s, lowest, n);
    int low = 0, high = 0;
    range_of(block, low, high);
    if (low >= n - 1) break;
    sweep<R>(s, block, low, high, s.rotations + static_cast<long>(kept) * 2 * n * Lanes<R>::width);
    lows[kept] = low;
    highs[kept++] = high;
    lowest = low;
    if (kept < s.sweeps_kept && kept < kept_max) continue;
    turn_vectors<R>(s, lows, highs, kept, n);
    kept = 0;
  }
  turn_vectors<R>(s, lows, highs, kept, n);
}

// y = A x for the probe x, A packed.
template <class R>
REGENT_BODY void multiply_probe(ScalarOf<R>* packed, int n, int probe, ScalarOf<R>* y) {
  using T = ScalarOf<R>;
  for (int i = 0; i < n; ++i) {
    const ScalarOf<R>* row = row_of<R>(packed, i);
    const R xi = Lanes<R>::all(T(probe_sign(probe, i)));
    R sum = at<R>(row, i) * xi;
    for (int j = 0; j < i; ++j) {
      sum = fused(at<R>(row, j), Lanes<R>::all(T(probe_sign(probe, j))), sum);
      put<R>(y, j, fused(at<R>(row, j), xi, at<R>(y, j)));
    }
    put<R>(y, i, sum);
  }
}

// ‖(A − V Λ V') x‖² and ‖(V V' − 1) x‖² for the probe x and y = A x: the expectation over random signs is the
// squared Frobenius norm of what is wrong (Freivalds 1979, for products).
template <class R>
REGENT_BODY void check_probe(const EigenSpace<ScalarOf<R>>& s, int n, int probe, const ScalarOf<R>* y,
                             R& residual, R& orthogonality) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const R zero = Lanes<R>::all(T(0));
  T* u = s.scratch;  // V' x
  for (int k = 0; k < n; ++k) put<R>(u, k, zero);
  for (int i = 0; i < n; ++i) {
    const R sign = Lanes<R>::all(T(probe_sign(probe, i)));
    const T* row = s.vectors + static_cast<long>(i) * n * width;
    for (int k = 0; k < n; ++k) put<R>(u, k, fused(at<R>(row, k), sign, at<R>(u, k)));
  }
  for (int i = 0; i < n; ++i) {
    const T* row = s.vectors + static_cast<long>(i) * n * width;
    R back = zero, image = zero;
    for (int k = 0; k < n; ++k) {
      const R part = at<R>(row, k) * at<R>(u, k);
      back = back + part;
      image = fused(part, at<R>(s.diagonal, k), image);
    }
    const R away = at<R>(y, i) - image, off = back - Lanes<R>::all(T(probe_sign(probe, i)));
    residual = fused(away, away, residual);
    orthogonality = fused(off, off, orthogonality);
  }
}

}  // namespace regent::cuda::covariance
