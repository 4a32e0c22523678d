#pragma once
// A Gaussian state: densities and moments.
//   log N(x; μ, Σ) = −½|F·(x − μ)|² + log|F| − ½·D·log 2π,  F = L⁻¹, Σ = L·Lᵀ
// Missing features (NaN) are marginalised (incomplete_body.hpp). All features missing: log density 0. Never
// −inf: bounded below by −1e30.

#include "cuda/hmm/incomplete_body.hpp"

namespace regent::cuda::hmm {

// Row `row` of Σγ·d·xᵀ and of Σγ·d, from μ − x of that row; x(column) is a feature of the bar.
template <class R, class Features>
REGENT_BODY void add_products_of_row(int row, R posterior, R below, const Features& x, R* first, R* second) {
  const R weighted = posterior * below;
  first[row] = first[row] - weighted;
  for (int column = 0; column <= row; ++column) {
    R& sum = second[triangle(row, column)];
    sum = fused_minus(weighted, x(column), sum);
  }
}

// Sums of Σγ, Σγ·d, Σγ·d·xᵀ of one state, d = x − μ; they rest in rows of CountLayout between two passes.
// finish_moments makes Σγ·d·dᵀ of them: one difference for every row is enough. Rounding moves it by about
// ε·|μ|·Σγ·|d|, no more than x's own rounding does where d is of the size of σ; a variance that is as good as
// nothing beside that may come out below zero.
template <class R, class S>
struct MomentSums {
  R weight, first[S::dimension_bound], second[triangle_size(S::dimension_bound)];
  REGENT_BODY void load(const S& s, int k, const Table<R>& rows) {
    const CountLayout<S> layout{s};
    weight = rows.load(layout.weight(k));
    for (int d = 0; d < s.dimension; ++d) first[d] = rows.load(layout.first(k, d));
    for (int e = 0; e < triangle_size(s.dimension); ++e) second[e] = rows.load(layout.second(k, e));
  }
  REGENT_BODY void store(const S& s, int k, const Table<R>& rows) const {
    const CountLayout<S> layout{s};
    rows.store(layout.weight(k), weight);
    for (int d = 0; d < s.dimension; ++d) rows.store(layout.first(k, d), first[d]);
    for (int e = 0; e < triangle_size(s.dimension); ++e) rows.store(layout.second(k, e), second[e]);
  }
  template <class Law>
  REGENT_BODY void add_products(const Law& law, R posterior, const R* x) {
    for (int row = 0; row < law.s.dimension; ++row) {
      add_products_of_row(
          row, posterior, law.mean(row) - x[row], [&](int d) { return x[d]; }, first, second);
    }
  }
  REGENT_BODY void add_spread(const S& s, R posterior, const R* spread) {
    for (int e = 0; e < triangle_size(s.dimension); ++e) second[e] = fused(posterior, spread[e], second[e]);
  }
};

// Σγ·d·dᵀ from Σγ·d·xᵀ, of all bars.
template <class R, class S>
REGENT_BODY void finish_moments(const S& s, const Rows<R>& p, double* totals) {
  const CountLayout<S> layout{s};
  double mean[Lanes<R>::width];
  for (int k = 0; k < s.states; ++k) {
    for (int column = 0; column < s.dimension; ++column) {
      Lanes<R>::store_double(mean, p(ParameterLayout<S>{s}.mean(k, column)));
      for (int row = column; row < s.dimension; ++row) {
        const double* first = totals + layout.first(k, row) * lane_block;
        double* second = totals + layout.second(k, triangle(row, column)) * lane_block;
        for (int lane = 0; lane < Lanes<R>::width; ++lane)
          second[lane] = fused_minus(mean[lane], first[lane], second[lane]);
      }
    }
  }
}

template <class R, class S>
struct GaussianDensity;

// The Gaussian of one state, in registers where the dimension is known.
template <class R, class S>
struct GaussianLaw {
  using T = ScalarOf<R>;
  using Sums = MomentSums<R, S>;
  using Density = GaussianDensity<R, S>;
  static constexpr int held = S::fixed_dimension ? S::dimension_bound : 1;
  const S& s;
  Rows<R> p;
  int k;
  R means[held], factors[triangle_size(held)], offsets[S::dimension_bound], normaliser;  // offset −F·μ

  REGENT_BODY GaussianLaw(const S& shape, const Rows<R>& parameters, int state)
      : s(shape), p(parameters), k(state) {
    const ParameterLayout<S> layout{s};
    normaliser = p(layout.log_normaliser(k));
    if constexpr (S::fixed_dimension) {
      for (int d = 0; d < s.dimension; ++d) means[d] = p(layout.mean(k, d));
      for (int e = 0; e < triangle_size(s.dimension); ++e) factors[e] = p(layout.factor(k, e));
    }
    for (int row = 0; row < s.dimension; ++row) {
      offsets[row] = Lanes<R>::all(T{0}) - factor(triangle(row, 0)) * mean(0);
      for (int column = 1; column <= row; ++column) {
        const R opposite = Lanes<R>::all(T{0}) - factor(triangle(row, column));
        offsets[row] = fused(opposite, mean(column), offsets[row]);
      }
    }
  }
  REGENT_BODY R mean(int d) const {
    if constexpr (S::fixed_dimension) {
      return means[d];
    } else {
      return p(ParameterLayout<S>{s}.mean(k, d));
    }
  }
  REGENT_BODY R factor(int e) const {
    if constexpr (S::fixed_dimension) {
      return factors[e];
    } else {
      return p(ParameterLayout<S>{s}.factor(k, e));
    }
  }
  REGENT_BODY void difference(const R* x, R* out) const {
    for (int d = 0; d < s.dimension; ++d) out[d] = x[d] - mean(d);
  }
  // |F·d|², NaN where a feature is missing.
  REGENT_BODY R squared_distance(const R* difference) const {
    R square = Lanes<R>::all(T{0});
    for (int row = 0; row < s.dimension; ++row) {
      R z = factor(triangle(row, 0)) * difference[0];
      for (int column = 1; column <= row; ++column) {
        z = fused(factor(triangle(row, column)), difference[column], z);
      }
      square = fused(z, z, square);
    }
    return square;
  }
  // |F·x − F·μ|²: a subtraction less for every feature; its rounding is of the order of x's and μ's own.
  REGENT_BODY R squared_distance_of(const R* x) const {
    R square = Lanes<R>::all(T{0});
    for (int row = 0; row < s.dimension; ++row) {
      R z = offsets[row];
      for (int column = 0; column <= row; ++column) z = fused(factor(triangle(row, column)), x[column], z);
      square = row == 0 ? z * z : fused(z, z, square);
    }
    return square;
  }
  REGENT_BODY IncompleteBar<R, S> bar(const R* x) const {
    IncompleteBar<R, S> result{s, p, {}};
    for (int d = 0; d < s.dimension; ++d) result.x_[d] = x[d];
    return result;
  }
  REGENT_BODY static R bounded(R log_density) { return maximum(log_density, Lanes<R>::all(T(-1e30))); }

  // of a bar that lacks nothing, NaN else; and of one that does
  REGENT_BODY R log_density(const R* x) const {
    return bounded(fused(squared_distance_of(x), Lanes<R>::all(T(-0.5)), normaliser));
  }
  REGENT_BODY R marginal_log_density(const R* x) const { return bounded(bar(x).marginal_log_density(k)); }

  static constexpr bool sums_by_rows = true;  // no sum of a bar but by add_products_of_row
  REGENT_BODY void add(const R* x, R posterior, Sums& sums) const {
    sums.weight = sums.weight + posterior;
    sums.add_products(*this, posterior, x);
  }
  // The complete-data moments that EM needs (Dempster, Laird, Rubin 1977). Bars without any feature count
  // nothing.
  REGENT_BODY void add_incomplete(const R* x, R posterior, Sums& sums) const {
    R expected[S::dimension_bound], spread[triangle_size(S::dimension_bound)];
    complete(x, expected, spread);
    const R weight = select(has_any(s, x), posterior, Lanes<R>::all(T{0}));
    sums.weight = sums.weight + weight;
    sums.add_products(*this, weight, expected);
    sums.add_spread(s, weight, spread);
  }
  // The bar as it is expected where features are missing, and their covariance.
  REGENT_BODY void complete(const R* x, R* expected, R* spread) const {
    difference(x, expected);
    bar(x).complete(k, expected, spread);
    for (int d = 0; d < s.dimension; ++d) expected[d] = select(x[d] == x[d], x[d], mean(d) + expected[d]);
  }
};

// Densities of one state relative to e^reference, of bars that lack nothing: in powers of two, so that factor
// and offsets carry √(½·log₂ e) and no multiplication is left.
template <class R, class S>
struct GaussianDensity {
  using T = ScalarOf<R>;
  R factors[triangle_size(S::dimension_bound)], offsets[S::dimension_bound], peak;

  REGENT_BODY void prepare(const S& s, const GaussianLaw<R, S>& law, R reference) {
    const R root = Lanes<R>::all(T(0.84932180028801904272));
    peak = (law.normaliser - reference) * Lanes<R>::all(ExponentialRange<T>::log2_e);
    for (int e = 0; e < triangle_size(s.dimension); ++e) factors[e] = law.factor(e) * root;
    for (int d = 0; d < s.dimension; ++d) offsets[d] = law.offsets[d] * root;
  }
  // n neighbouring bars side by side; x(bar, d) is a feature of them.
  template <int n, class Features>
  REGENT_BODY void find_exponents(const S& s, const Features& x, R* out) const {
    for (int i = 0; i < n; ++i) out[i] = peak;
    for (int row = 0; row < s.dimension; ++row) {
      R z[n];
      for (int i = 0; i < n; ++i) z[i] = offsets[row];
      for (int column = 0; column <= row; ++column) {
        for (int i = 0; i < n; ++i) z[i] = fused(factors[triangle(row, column)], x(i, column), z[i]);
      }
      for (int i = 0; i < n; ++i) out[i] = fused_minus(z[i], z[i], out[i]);
    }
  }
};

}  // namespace regent::cuda::hmm
