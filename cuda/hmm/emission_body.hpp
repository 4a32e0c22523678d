#pragma once
// Log densities of one bar under every state.
//   log N(x; μ, Σ) = −½|F·(x − μ)|² + log|F| − ½·D·log 2π,  F = L⁻¹, Σ = L·Lᵀ
// Missing features (NaN) are marginalised: the Gaussian of the features that are present, by the Cholesky
// factor of their part of Σ. Absent rows and columns are replaced by those of the identity, so that every
// lane runs the same instructions whatever it lacks. All features missing: log density 0. Never −inf: bounded
// below by −1e30.

#include "cuda/hmm/elementary_body.hpp"
#include "cuda/hmm/layout.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

// A table of one group of lanes in a block; the distance between rows is a constant, so that it costs no
// registers.
template <class R>
struct Rows {
  const ScalarOf<R>* base;
  REGENT_BODY R operator()(std::ptrdiff_t row) const { return Lanes<R>::load(base + row * lane_block); }
};

// Log density of what cannot be: below every density of a Gaussian, finite so that differences stay numbers.
template <class T>
inline constexpr T impossible = T(-2e30);

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

template <class R, class S>
class GaussianEmission {
  using T = ScalarOf<R>;
  using Mask = MaskOf<R>;

 public:
  REGENT_BODY GaussianEmission(const S& shape, const BatchView<T>& batch, Rows<R> parameters, const T* series)
      : shape_(shape), parameters_(parameters), series_(series), shared_(batch.shared) {}

  REGENT_BODY void load(std::int64_t t) {
    R sum = Lanes<R>::all(T{0});
    for (int d = 0; d < shape_.dimension; ++d) {
      const std::int64_t row = t * shape_.dimension + d;
      x_[d] = shared_ ? Lanes<R>::all(series_[row]) : Lanes<R>::load(series_ + row * lane_block);
      sum = sum + x_[d];
    }
    incomplete_ = sum != sum;
    any_incomplete_ = any(incomplete_);
  }

  // Lanes with at least one feature present at the loaded bar.
  REGENT_BODY Mask present() const {
    Mask result = x_[0] == x_[0];
    for (int d = 1; d < shape_.dimension; ++d) result = result || x_[d] == x_[d];
    return result;
  }
  REGENT_BODY bool any_incomplete() const { return any_incomplete_; }
  REGENT_BODY Mask incomplete() const { return incomplete_; }

  // |F·(x − μ)|², NaN where a feature is missing.
  REGENT_BODY R squared_distance(int k) const {
    read_parameters_again();
    const ParameterLayout<S> layout{shape_};
    R difference[S::dimension_bound];
    R square = Lanes<R>::all(T{0});
    for (int d = 0; d < shape_.dimension; ++d) difference[d] = x_[d] - parameters_(layout.mean(k, d));
    for (int row = 0; row < shape_.dimension; ++row) {
      R z = parameters_(layout.factor(k, triangle(row, 0))) * difference[0];
      for (int column = 1; column <= row; ++column) {
        z = fused(parameters_(layout.factor(k, triangle(row, column))), difference[column], z);
      }
      square = fused(z, z, square);
    }
    return square;
  }

  REGENT_BODY R log_density(int k) const {
    const ParameterLayout<S> layout{shape_};
    R result = fused(squared_distance(k), Lanes<R>::all(T(-0.5)), parameters_(layout.log_normaliser(k)));
    if (any_incomplete_) result = select(incomplete_, copy().marginal_log_density(k), result);
    return maximum(result, Lanes<R>::all(T(-1e30)));
  }

  // x − μ_k
  REGENT_BODY void difference(int k, R* out) const {
    read_parameters_again();
    const ParameterLayout<S> layout{shape_};
    for (int d = 0; d < shape_.dimension; ++d) out[d] = x_[d] - parameters_(layout.mean(k, d));
  }

  // Conditional expectation of x − μ given what is present, and the conditional covariance added to `second`:
  // the complete-data moments that EM needs (Dempster, Laird, Rubin 1977). difference: [D], spread: packed
  // [D, D].
  REGENT_BODY void complete(int k, R* out, R* spread) const {
    difference(k, out);
    for (int e = 0; e < triangle_size(shape_.dimension); ++e) spread[e] = Lanes<R>::all(T{0});
    if (any_incomplete_) copy().complete(k, out, spread);
  }

  REGENT_BODY IncompleteBar<R, S> copy() const {
    IncompleteBar<R, S> bar{shape_, parameters_, {}};
    for (int d = 0; d < shape_.dimension; ++d) bar.x_[d] = x_[d];
    return bar;
  }

 private:
  S shape_;
  Rows<R> parameters_;
  const T* series_;
  bool shared_;
  R x_[S::dimension_bound];
  Mask incomplete_;
  bool any_incomplete_ = false;
};

// Log densities that the caller brings: discrete models, emission models of their own. −inf is allowed.
template <class R, class S>
class TableEmission {
  using T = ScalarOf<R>;

 public:
  REGENT_BODY TableEmission(const S& shape, const BatchView<T>&, Rows<R>, const T* table)
      : shape_(shape), table_(table) {}
  REGENT_BODY void load(std::int64_t t) { row_ = t * shape_.states; }
  REGENT_BODY R log_density(int k) const {
    return maximum(Lanes<R>::load(table_ + (row_ + k) * lane_block), Lanes<R>::all(impossible<T>));
  }

 private:
  S shape_;
  const T* table_;
  std::int64_t row_ = 0;
};

}  // namespace regent::cuda::hmm
