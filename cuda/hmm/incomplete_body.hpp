#pragma once
// Bars that lack features (NaN): the Gaussian of those that are present, by the Cholesky factor of their part
// of Σ. Absent rows and columns are replaced by those of the identity, so that every lane runs the same
// instructions whatever it lacks.

#include "cuda/hmm/elementary_body.hpp"
#include "cuda/hmm/rows_body.hpp"

namespace regent::cuda::hmm {

// Lanes where a feature of the bar is missing: the sum is then NaN. Lanes where one is there.
template <class R, class S>
REGENT_BODY MaskOf<R> lacks_any(const S& s, const R* x) {
  R sum = x[0];
  for (int d = 1; d < s.dimension; ++d) sum = sum + x[d];
  return sum != sum;
}
template <class R, class S>
REGENT_BODY MaskOf<R> has_any(const S& s, const R* x) {
  MaskOf<R> result = x[0] == x[0];
  for (int d = 1; d < s.dimension; ++d) result = result || x[d] == x[d];
  return result;
}

template <class T>
struct CholeskyFloor;  // of a pivot, relative to the variance: keeps nearly singular parts finite
template <>
struct CholeskyFloor<float> {
  static constexpr float value = 1e-6F;
};
template <>
struct CholeskyFloor<double> {
  static constexpr double value = 1e-14;
};

// The slow way for bars that lack features. Works on a copy of the bar, so that the fast way keeps its own in
// registers.
template <class R, class S>
struct IncompleteBar {
  using T = ScalarOf<R>;
  using Mask = MaskOf<R>;
  S shape_;
  Rows<R> parameters_;
  R x_[S::dimension_bound];

  REGENT_BODY R covariance(int k, int row, int column) const {
    const ParameterLayout<S> layout{shape_};
    return parameters_(layout.covariance(k, row >= column ? triangle(row, column) : triangle(column, row)));
  }

  // Cholesky factor of Σ with absent rows and columns replaced by the identity's.
  REGENT_BODY void masked_cholesky(int k, R* lower) const {
    const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
    for (int row = 0; row < shape_.dimension; ++row) {
      const Mask row_present = x_[row] == x_[row];
      for (int column = 0; column <= row; ++column) {
        const Mask both = row_present && x_[column] == x_[column];
        const R full = covariance(k, row, column);
        R value = select(both, full, row == column ? one : zero);
        const R pivot_floor = value * Lanes<R>::all(CholeskyFloor<T>::value);
        for (int e = 0; e < column; ++e) {
          value = fused(zero - lower[triangle(row, e)], lower[triangle(column, e)], value);
        }
        if (row == column) {
          lower[triangle(row, row)] = square_root(maximum(value, pivot_floor));
        } else {
          lower[triangle(row, column)] = value / lower[triangle(column, column)];
        }
      }
    }
  }

  // z = L⁻¹·d with absent entries of d zero.
  REGENT_BODY void solve_lower(const R* lower, const R* right, R* z) const {
    const R zero = Lanes<R>::all(T{0});
    for (int row = 0; row < shape_.dimension; ++row) {
      R value = right[row];
      for (int e = 0; e < row; ++e) value = fused(zero - lower[triangle(row, e)], z[e], value);
      z[row] = value / lower[triangle(row, row)];
    }
  }

  // What is left of the density when absent features are marginalised.
  struct Marginal {
    R square;    // (x − μ)ᵀ·Σ⁻¹·(x − μ) of the features that are present
    R log_root;  // ½·log|Σ| of their part
    R count;     // how many are present
  };
  REGENT_COLD_BODY Marginal marginal(int k) const {
    const ParameterLayout<S> layout{shape_};
    const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
    R lower[triangle_size(S::dimension_bound)], difference[S::dimension_bound], z[S::dimension_bound];
    masked_cholesky(k, lower);
    Marginal result{zero, zero, zero};
    for (int d = 0; d < shape_.dimension; ++d) {
      const Mask here = x_[d] == x_[d];
      difference[d] = select(here, x_[d] - parameters_(layout.mean(k, d)), zero);
      result.count = result.count + select(here, one, zero);
    }
    solve_lower(lower, difference, z);
    for (int d = 0; d < shape_.dimension; ++d) {
      result.square = fused(z[d], z[d], result.square);
      result.log_root = result.log_root + logarithm(lower[triangle(d, d)]);
    }
    return result;
  }
  REGENT_COLD_BODY R marginal_log_density(int k) const {
    const Marginal part = marginal(k);
    const R constant = fused(part.count, Lanes<R>::all(T(-0.91893853320467274178)), Lanes<R>::all(T{0}));
    return fused(part.square, Lanes<R>::all(T(-0.5)), constant) - part.log_root;  // −½·log 2π per feature
  }

  REGENT_COLD_BODY void complete(int k, R* difference, R* spread) const {
    const R zero = Lanes<R>::all(T{0});
    R lower[triangle_size(S::dimension_bound)], z[S::dimension_bound], weights[S::dimension_bound];
    masked_cholesky(k, lower);
    for (int d = 0; d < shape_.dimension; ++d) weights[d] = select(x_[d] == x_[d], difference[d], zero);
    solve_lower(lower, weights, z);
    for (int row = shape_.dimension - 1; row >= 0; --row) {  // weights = L⁻ᵀ·z
      R value = z[row];
      for (int e = row + 1; e < shape_.dimension; ++e) {
        value = fused(zero - lower[triangle(e, row)], weights[e], value);
      }
      weights[row] = value / lower[triangle(row, row)];
    }
    for (int d = 0; d < shape_.dimension; ++d) {
      R expected = zero;
      for (int e = 0; e < shape_.dimension; ++e) expected = fused(covariance(k, d, e), weights[e], expected);
      difference[d] = select(x_[d] == x_[d], difference[d], expected);
    }
    // Row d of V = L⁻¹·Σ[present, absent]; conditional covariance of absent a, c: Σ_ac − V_a·V_c.
    R v[S::dimension_bound][S::dimension_bound];
    for (int c = 0; c < shape_.dimension; ++c) {
      R right[S::dimension_bound];
      for (int d = 0; d < shape_.dimension; ++d) right[d] = select(x_[d] == x_[d], covariance(k, d, c), zero);
      solve_lower(lower, right, v[c]);
    }
    for (int a = 0; a < shape_.dimension; ++a) {
      for (int c = 0; c <= a; ++c) {
        R value = covariance(k, a, c);
        for (int d = 0; d < shape_.dimension; ++d) value = fused(zero - v[a][d], v[c][d], value);
        const Mask both_absent = x_[a] != x_[a] && x_[c] != x_[c];
        spread[triangle(a, c)] = select(both_absent, value, zero);
      }
    }
  }
};

}  // namespace regent::cuda::hmm
