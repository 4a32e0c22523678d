#pragma once
// Householder tridiagonalisation of one matrix per lane, and Q from its reflectors. Source: Golub & Van Loan
// (2013), Matrix Computations, 8.3.

#include "cuda/covariance/eigen_common_body.hpp"

namespace regent::cuda::covariance {

// v (v_first = 1), τ and β for the column x held in v from `first` on.
template <class R>
REGENT_BODY R make_reflector(ScalarOf<R>* v, int first, int n, R& beta) {
  R sum = Lanes<R>::all(ScalarOf<R>(0));
  for (int i = first + 1; i < n; ++i) sum = fused(at<R>(v, i), at<R>(v, i), sum);
  const Reflector<R> reflector = reflector_of<R>(at<R>(v, first), sum);
  beta = reflector.beta;
  for (int i = first + 1; i < n; ++i) put<R>(v, i, at<R>(v, i) * reflector.inverse);
  put<R>(v, first, Lanes<R>::all(ScalarOf<R>(1)));
  return reflector.tau;
}

// For rows i of the trailing matrix: A −= v w' + w v', then p = A u over its lower triangle, in one pass.
// Two rows at a time, so that the vectors are loaded half as often.
template <class R, bool update>
REGENT_SERIES_BODY void update_and_multiply(ScalarOf<R>* packed, int first, int n, const ScalarOf<R>* v,
                                            const ScalarOf<R>* w, const ScalarOf<R>* u, ScalarOf<R>* p) {
  const R zero = Lanes<R>::all(ScalarOf<R>(0));
  for (int i = first; i < n; ++i) put<R>(p, i, zero);
  int i = first;
  for (; i + 1 < n; i += 2) {
    ScalarOf<R>*a = row_of<R>(packed, i), *b = row_of<R>(packed, i + 1);
    const R va = zero - at<R>(v, i), wa = zero - at<R>(w, i), ua = at<R>(u, i);
    const R vb = zero - at<R>(v, i + 1), wb = zero - at<R>(w, i + 1), ub = at<R>(u, i + 1);
    R sum_a = zero, sum_b = zero;
    for (int j = first; j < i; ++j) {
      R x = at<R>(a, j), y = at<R>(b, j);
      const R uj = at<R>(u, j);
      if constexpr (update) {
        const R vj = at<R>(v, j), wj = at<R>(w, j);
        x = fused(va, wj, fused(wa, vj, x));
        y = fused(vb, wj, fused(wb, vj, y));
        put<R>(a, j, x);
        put<R>(b, j, y);
      }
      sum_a = fused(x, uj, sum_a);
      sum_b = fused(y, uj, sum_b);
      put<R>(p, j, fused(x, ua, fused(y, ub, at<R>(p, j))));
    }
    R x = at<R>(a, i), y = at<R>(b, i), z = at<R>(b, i + 1);
    if constexpr (update) {
      const R vi = at<R>(v, i), wi = at<R>(w, i), vn = at<R>(v, i + 1), wn = at<R>(w, i + 1);
      x = fused(va, wi, fused(wa, vi, x));
      y = fused(vb, wi, fused(wb, vi, y));
      z = fused(vb, wn, fused(wb, vn, z));
      put<R>(a, i, x);
      put<R>(b, i, y);
      put<R>(b, i + 1, z);
    }
    put<R>(p, i, at<R>(p, i) + fused(x, ua, fused(y, ub, sum_a)));
    put<R>(p, i + 1, at<R>(p, i + 1) + fused(y, ua, fused(z, ub, sum_b)));
  }
  if (i < n) {
    ScalarOf<R>* a = row_of<R>(packed, i);
    const R va = zero - at<R>(v, i), wa = zero - at<R>(w, i), ua = at<R>(u, i);
    R sum = zero;
    for (int j = first; j <= i; ++j) {
      R x = at<R>(a, j);
      if constexpr (update) {
        x = fused(va, at<R>(w, j), fused(wa, at<R>(v, j), x));
        put<R>(a, j, x);
      }
      if (j == i) {
        sum = fused(x, ua, sum);
      } else {
        sum = fused(x, at<R>(u, j), sum);
        put<R>(p, j, fused(x, ua, at<R>(p, j)));
      }
    }
    put<R>(p, i, at<R>(p, i) + sum);
  }
}

// w = τ (p − ½ τ (p·v) v) for p = A v
template <class R>
REGENT_BODY void make_update(const ScalarOf<R>* p, const ScalarOf<R>* v, R tau, int first, int n,
                             ScalarOf<R>* w) {
  using T = ScalarOf<R>;
  R dot = Lanes<R>::all(T(0));
  for (int i = first; i < n; ++i) dot = fused(at<R>(p, i), at<R>(v, i), dot);
  const R share = Lanes<R>::all(T(-0.5)) * tau * dot;
  for (int i = first; i < n; ++i) put<R>(w, i, tau * fused(share, at<R>(v, i), at<R>(p, i)));
}

// Q' A Q = T: diagonal, beside (entry k beside k and k + 1), reflectors and their factors.
template <class R>
REGENT_BODY void tridiagonalise(const EigenSpace<ScalarOf<R>>& s, int n) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  T *w = s.scratch, *p = s.scratch + static_cast<long>(n) * width;
  const T* before = nullptr;  // the reflector whose update the trailing matrix still waits for
  for (int k = 0; k + 2 < n; ++k) {
    T* v = s.reflectors + static_cast<long>(k) * n * width;
    R pivot = at<R>(row_of<R>(s.matrix, k), k);
    if (before != nullptr) {
      const R minus_v = Lanes<R>::all(T(-2)) * at<R>(before, k);
      pivot = fused(minus_v, at<R>(w, k), pivot);
    }
    put<R>(s.diagonal, k, pivot);
    for (int i = k + 1; i < n; ++i) {
      R x = at<R>(row_of<R>(s.matrix, i), k);
      if (before != nullptr) {
        const R zero = Lanes<R>::all(T(0));
        x = fused(zero - at<R>(before, i), at<R>(w, k), fused(zero - at<R>(w, i), at<R>(before, k), x));
      }
      put<R>(v, i, x);
    }
    R beta;
    const R tau = make_reflector<R>(v, k + 1, n, beta);
    put<R>(s.factors, k, tau);
    put<R>(s.beside, k, beta);
    if (before != nullptr) {
      update_and_multiply<R, true>(s.matrix, k + 1, n, before, w, v, p);
    } else {
      update_and_multiply<R, false>(s.matrix, k + 1, n, v, v, v, p);
    }
    make_update<R>(p, v, tau, k + 1, n, w);
    before = v;
  }
  for (int i = n < 2 ? 0 : n - 2; i < n; ++i) {
    for (int j = n < 2 ? 0 : n - 2; j <= i; ++j) {
      R x = at<R>(row_of<R>(s.matrix, i), j);
      if (before != nullptr) {
        const R zero = Lanes<R>::all(T(0));
        x = fused(zero - at<R>(before, i), at<R>(w, j), fused(zero - at<R>(w, i), at<R>(before, j), x));
      }
      put<R>(i == j ? s.diagonal : s.beside, j, x);
    }
  }
  put<R>(s.beside, n - 1, Lanes<R>::all(T(0)));
}

// Rows first … first + rows of Q = H_0 H_1 …, each from its unit vector.
template <class R, int rows>
REGENT_SERIES_BODY void form_rows(const EigenSpace<ScalarOf<R>>& s, int first, int n) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const R zero = Lanes<R>::all(T(0));
  T* q = s.vectors + static_cast<long>(first) * n * width;
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < n; ++j) put<R>(q, r * n + j, Lanes<R>::all(T(first + r == j ? 1 : 0)));
  }
  for (int k = 0; k + 2 < n; ++k) {
    const T* v = s.reflectors + static_cast<long>(k) * n * width;
    R dot[rows];
    for (int r = 0; r < rows; ++r) dot[r] = zero;
    for (int j = k + 1; j < n; ++j) {
      const R vj = at<R>(v, j);
      for (int r = 0; r < rows; ++r) dot[r] = fused(at<R>(q, r * n + j), vj, dot[r]);
    }
    const R minus_tau = zero - at<R>(s.factors, k);
    for (int r = 0; r < rows; ++r) dot[r] = dot[r] * minus_tau;
    for (int j = k + 1; j < n; ++j) {
      const R vj = at<R>(v, j);
      for (int r = 0; r < rows; ++r) put<R>(q, r * n + j, fused(dot[r], vj, at<R>(q, r * n + j)));
    }
  }
}

template <class R>
REGENT_BODY void form_vectors(const EigenSpace<ScalarOf<R>>& s, int n) {
  int first = 0;
  for (; first + rows_at_once <= n; first += rows_at_once) form_rows<R, rows_at_once>(s, first, n);
  for (; first < n; ++first) form_rows<R, 1>(s, first, n);
}

}  // namespace regent::cuda::covariance
