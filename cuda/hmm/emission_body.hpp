#pragma once
// Log densities of one bar under every state.
//   log N(x; μ, Σ) = −½|F·(x − μ)|² + log|F| − ½·D·log 2π,  F = L⁻¹, Σ = L·Lᵀ
// Missing features (NaN) are marginalised: the Gaussian of the features that are present, by the Cholesky
// factor of their part of Σ. Absent rows and columns are replaced by those of the identity, so that every
// lane runs the same instructions whatever it lacks. All features missing: log density 0. Never −inf: bounded
// below by −1e30.

#include "cuda/hmm/elementary_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {

// A table of one group of lanes in a block; the distance between rows is a constant, so that it costs no
// registers.
template <class R>
struct Rows {
  const ScalarOf<R>* base;
  REGENT_BODY R operator()(std::ptrdiff_t row) const { return Lanes<R>::load(base + row * lane_block); }
};

// Rows of scratch memory lie next to each other on the CPU, where a group has its own, and a warp apart on
// the GPU.
template <class R>
inline constexpr std::ptrdiff_t workspace_stride = Lanes<R>::width == 1 ? lane_block : Lanes<R>::width;

// A table that is written too.
template <class R, std::ptrdiff_t stride = workspace_stride<R>>
struct Table {
  ScalarOf<R>* base;
  REGENT_BODY R load(std::ptrdiff_t row) const { return Lanes<R>::load(base + row * stride); }
  REGENT_BODY void store(std::ptrdiff_t row, R value) const { Lanes<R>::store(base + row * stride, value); }
  REGENT_BODY Table from(std::ptrdiff_t row) const { return {base + row * stride}; }
};

// K values for every bar of a block, bars `per_bar` rows apart.
template <class R>
struct BlockRows {
  Table<R> rows;
  int per_bar;
  REGENT_BODY R load(std::int64_t bar, int k) const { return rows.load(bar * per_bar + k); }
  REGENT_BODY void store(std::int64_t bar, int k, R value) const { rows.store(bar * per_bar + k, value); }
  REGENT_BODY BlockRows from(std::int64_t bar) const { return {rows.from(bar * per_bar), per_bar}; }
};

// The features of each bar.
template <class R, bool shared>
struct Series {
  const ScalarOf<R>* base;
  template <class S>
  REGENT_BODY void load(const S& s, std::int64_t t, R* x) const {
    for (int d = 0; d < s.dimension; ++d) x[d] = value(s, t, d);
  }
  template <class S>
  REGENT_BODY R value(const S& s, std::int64_t t, int d) const {
    const std::int64_t row = t * s.dimension + d;
    return shared ? Lanes<R>::all(base[row]) : Lanes<R>::load(base + row * lane_block);
  }
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

// What a pass knows of every bar before the chain through time.
template <class R>
struct BarDensities {
  BlockRows<R> densities;  // [K], relative to e^shift
  Table<R> shifts;
  REGENT_BODY BarDensities from(std::int64_t bar) const { return {densities.from(bar), shifts.from(bar)}; }
};

// Sums of Σγ, Σγ·d, Σγ·d·dᵀ of one state, d = x − μ; they rest in rows of CountLayout between two passes.
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
  REGENT_BODY void add_products(const S& s, R posterior, const R* difference) {
    for (int row = 0; row < s.dimension; ++row) {
      const R weighted = posterior * difference[row];
      first[row] = first[row] + weighted;
      for (int column = 0; column <= row; ++column) {
        R& sum = second[triangle(row, column)];
        sum = fused(weighted, difference[column], sum);
      }
    }
  }
  REGENT_BODY void add_spread(const S& s, R posterior, const R* spread) {
    for (int e = 0; e < triangle_size(s.dimension); ++e) second[e] = fused(posterior, spread[e], second[e]);
  }
};

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

  REGENT_BODY void add(const R* x, R posterior, Sums& sums) const {
    R away[S::dimension_bound];
    difference(x, away);
    sums.weight = sums.weight + posterior;
    sums.add_products(s, posterior, away);
  }
  // The complete-data moments that EM needs (Dempster, Laird, Rubin 1977). Bars without any feature count
  // nothing.
  REGENT_BODY void add_incomplete(const R* x, R posterior, Sums& sums) const {
    R away[S::dimension_bound], spread[triangle_size(S::dimension_bound)];
    difference(x, away);
    bar(x).complete(k, away, spread);
    const R weight = select(has_any(s, x), posterior, Lanes<R>::all(T{0}));
    sums.weight = sums.weight + weight;
    sums.add_products(s, weight, away);
    sums.add_spread(s, weight, spread);
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
  REGENT_BODY void find(const S& s, const Features& x, R* out) const {
    find_exponents<n>(s, x, out);
    powers_of_two<n>(out);
  }
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

// At least every state's largest log density, in quarters, so that sums over a block are exact: densities of
// bars that lack nothing are relative to it.
template <class R, class S>
REGENT_BODY R reference_of(const S& s, const Rows<R>& p) {
  using T = ScalarOf<R>;
  const ParameterLayout<S> layout{s};
  R highest = p(layout.log_normaliser(0));
  for (int k = 1; k < s.states; ++k) highest = maximum(highest, p(layout.log_normaliser(k)));
  const R quarters = highest * Lanes<R>::all(T{4});
  return (quarters - Lanes<R>::without_integer(quarters) + Lanes<R>::all(T{1})) * Lanes<R>::all(T(0.25));
}

// b_t(k) of one bar from its log densities [K]; returns the shift. Nothing is left of what cannot be.
template <class R, class S>
REGENT_BODY R relative_densities(const S& s, const R* logs, R* density) {
  using T = ScalarOf<R>;
  R shift = logs[0];
  for (int k = 1; k < s.states; ++k) shift = maximum(shift, logs[k]);
  const auto impossible_all = shift < Lanes<R>::all(T(-1.5e30));
  for (int k = 0; k < s.states; ++k)
    density[k] = select(impossible_all, Lanes<R>::all(T{0}), bounded_exponential(logs[k] - shift));
  return shift;
}

// Log density of one bar under one state, whatever it lacks.
template <class Law, class R, class S>
REGENT_BODY R log_density_of_bar(const S& s, const Rows<R>& p, int k, const R* x) {
  const Law law(s, p, k);
  const R result = law.log_density(x);
  const auto lacks = lacks_any(s, x);
  return any(lacks) ? select(lacks, law.marginal_log_density(x), result) : result;
}

// Whether any bar of [first, end) lacks a feature in any lane.
template <class R, class S, bool shared>
REGENT_BODY bool block_lacks(const S& s, const Series<R, shared>& series, std::int64_t first,
                             std::int64_t end) {
  R x[S::dimension_bound], sum = Lanes<R>::all(ScalarOf<R>{0});
  for (std::int64_t t = first; t < end; ++t) {
    series.load(s, t, x);
    for (int d = 0; d < s.dimension; ++d) sum = sum + x[d];
  }
  return any(sum != sum);
}

// The bar once more where it lacks a feature in some lane. There densities are relative to the largest.
template <class Law, class R, class S>
REGENT_COLD_BODY R mend_incomplete(const S& s, const Rows<R>& p, const R* x, R shift, R* density) {
  R logs[S::states_bound], mended[S::states_bound];
  logs[0] = shift;  // for the compiler, which knows of no state
  const auto lacks = lacks_any(s, x);
  for (int k = 0; k < s.states; ++k) logs[k] = log_density_of_bar<Law>(s, p, k, x);
  const R own = relative_densities(s, logs, mended);
  for (int k = 0; k < s.states; ++k) density[k] = select(lacks, mended[k], density[k]);
  return select(lacks, own, shift);
}

// Bars whose densities are found side by side: they are independent of each other, which hides the latency of
// the products. The GPU has other warps for that.
template <class R>
inline constexpr int bars_at_once = Lanes<R>::width == 1 ? 1 : 8;

// States of which a GPU's thread keeps the laws in registers at the same time: a bar's features then serve
// them all.
template <class R, class S>
constexpr int states_at_once() {
  if constexpr (S::fixed_states && S::fixed_dimension && Lanes<R>::width == 1) {
    return S::states % 3 == 0 ? 3 : 1;
  } else {
    return 1;
  }
}
// Calls body(laws) with an array of them, the first being that of state k.
template <class Law, class R, class S, class Body>
REGENT_BODY void with_laws(const S& s, const Rows<R>& p, int k, const Body& body) {
  if constexpr (states_at_once<R, S>() == 3) {
    const Law laws[] = {Law(s, p, k), Law(s, p, k + 1), Law(s, p, k + 2)};
    body(laws);
  } else {
    const Law laws[] = {Law(s, p, k)};
    body(laws);
  }
}

// n bars from t on under state k; `out` begins at t.
template <int n, class R, class S, class Density, bool shared>
REGENT_BODY void put_densities(const S& s, const Density& density, const Series<R, shared>& series,
                               std::int64_t t, int k, const BlockRows<R>& out) {
  R values[n];
  density.template find<n>(
      s, [&](int i, int d) { return series.value(s, t + i, d); }, values);
  for (int i = 0; i < n; ++i) out.store(i, k, values[i]);
}

template <int n, class R, class S, class Density, bool shared>
REGENT_BODY void put_state(const S& s, const Density& density, const Series<R, shared>& series,
                           std::int64_t first, std::int64_t end, int k, const BlockRows<R>& out) {
  std::int64_t t = first;
  for (; t + n <= end; t += n) put_densities<n>(s, density, series, t, k, out.from(t - first));
  for (; t < end; ++t) put_densities<1>(s, density, series, t, k, out.from(t - first));
}

// As put_state for neighbouring states, bar by bar; the next bar's features are on their way meanwhile.
template <class R, class S, class Density, int n, bool shared>
REGENT_BODY void put_states(const S& s, const Density (&density)[n], const Series<R, shared>& series,
                            std::int64_t first, std::int64_t end, int k, const BlockRows<R>& out) {
  R x[S::dimension_bound], next[S::dimension_bound], value;
  series.load(s, first, next);
  for (std::int64_t t = first; t < end; ++t) {
    for (int d = 0; d < s.dimension; ++d) x[d] = next[d];
    series.load(s, t + 1 < end ? t + 1 : t, next);
    for (int i = 0; i < n; ++i) {
      density[i].template find<1>(
          s, [&](int, int d) { return x[d]; }, &value);
      out.store(t - first, k + i, value);
    }
  }
}

// Where the dimension is known the CPU prepares the densities of all states once for all passes, and finds a
// few bars at a time, so that features stay in the nearest cache over all states.
template <class R, class S>
inline constexpr bool prepares_densities = bars_at_once<R> > 1 && S::fixed_dimension;

// `prepared` [K], see above.
template <template <class, class> class Law, class R, class S, bool shared>
REGENT_BODY void put_all_densities(const S& s, const Rows<R>& p, const Series<R, shared>& series,
                                   std::int64_t first, std::int64_t end, R reference,
                                   const ScalarOf<R>* prepared, const BlockRows<R>& out) {
  using Density = typename Law<R, S>::Density;
  constexpr int n = bars_at_once<R>;
  if constexpr (prepares_densities<R, S>) {
    const auto* densities = reinterpret_cast<const Density*>(prepared);
    for (std::int64_t t = first; t < end; t += n) {
      const std::int64_t to = t + n < end ? t + n : end;
      for (int k = 0; k < s.states; ++k) put_state<n>(s, densities[k], series, t, to, k, out.from(t - first));
    }
  } else {
    constexpr int together = states_at_once<R, S>();
    for (int k = 0; k < s.states; k += together) {
      Density density[together];
      for (int i = 0; i < together; ++i) density[i].prepare(s, Law<R, S>(s, p, k + i), reference);
      if constexpr (together == 1) {
        put_state<n>(s, density[0], series, first, end, k, out);
      } else {
        put_states(s, density, series, first, end, k, out);
      }
    }
  }
}

template <template <class, class> class Law, class R, class S, bool shared>
REGENT_SERIES_BODY void block_densities(const S s, const Rows<R> p, const Series<R, shared> series,
                                        std::int64_t first, std::int64_t end, const ScalarOf<R>* prepared,
                                        const BarDensities<R> out) {
  const R reference = reference_of(s, p);
  put_all_densities<Law>(s, p, series, first, end, reference, prepared, out.densities);
  R sum = Lanes<R>::all(ScalarOf<R>{0});
  for (std::int64_t t = first; t < end; ++t) {
    out.shifts.store(t - first, reference);
    sum = sum + out.densities.load(t - first, 0);
  }
  if (!any(sum != sum)) return;  // no bar lacks a feature
  R x[S::dimension_bound], density[S::states_bound];
  for (std::int64_t t = first; t < end; ++t) {
    series.load(s, t, x);
    if (!any(lacks_any(s, x))) continue;
    for (int k = 0; k < s.states; ++k) density[k] = out.densities.load(t - first, k);
    out.shifts.store(t - first, mend_incomplete<Law<R, S>>(s, p, x, reference, density));
    for (int k = 0; k < s.states; ++k) out.densities.store(t - first, k, density[k]);
  }
}

// One bar, as above.
template <template <class, class> class Law, class R, class S>
REGENT_SERIES_BODY R densities_of_bar(const S s, const Rows<R> p, const R* x, R* density) {
  const R reference = reference_of(s, p);
  for (int k = 0; k < s.states; ++k) {
    typename Law<R, S>::Density one;
    one.prepare(s, Law<R, S>(s, p, k), reference);
    one.template find<1>(
        s, [&](int, int d) { return x[d]; }, density + k);
  }
  if (!any(lacks_any(s, x))) return reference;
  return mend_incomplete<Law<R, S>>(s, p, x, reference, density);
}

// As block_densities, but their logarithms.
template <template <class, class> class Law, class R, class S, bool shared>
REGENT_SERIES_BODY void block_log_densities(const S s, const Rows<R> p, const Series<R, shared> series,
                                            std::int64_t first, std::int64_t end, const BlockRows<R> out) {
  R x[S::dimension_bound];
  for (int k = 0; k < s.states; ++k) {
    const Law<R, S> law(s, p, k);
    for (std::int64_t t = first; t < end; ++t) {
      series.load(s, t, x);
      out.store(t - first, k, law.log_density(x));
    }
  }
  if (!block_lacks(s, series, first, end)) return;
  for (std::int64_t t = first; t < end; ++t) {
    series.load(s, t, x);
    if (!any(lacks_any(s, x))) continue;
    for (int k = 0; k < s.states; ++k) out.store(t - first, k, log_density_of_bar<Law<R, S>>(s, p, k, x));
  }
}

template <template <class, class> class Law, class R, class S, bool shared>
REGENT_SERIES_BODY void block_moments(const S s, const Rows<R> p, const Series<R, shared> series,
                                      std::int64_t first, std::int64_t end, const BlockRows<R> posteriors,
                                      const Table<R> rows) {
  const bool lacks = block_lacks(s, series, first, end);
  R x[S::dimension_bound];
  constexpr int together = states_at_once<R, S>();
  for (int k = 0; k < s.states; k += together) {
    with_laws<Law<R, S>>(s, p, k, [&](const auto& laws) {
      typename Law<R, S>::Sums sums[together];
      for (int i = 0; i < together; ++i) sums[i].load(s, k + i, rows);
      for (std::int64_t t = end - 1; t >= first && !lacks; --t) {
        series.load(s, t, x);
        for (int i = 0; i < together; ++i) laws[i].add(x, posteriors.load(t - first, k + i), sums[i]);
      }
      for (std::int64_t t = end - 1; t >= first && lacks; --t) {
        series.load(s, t, x);
        const bool incomplete = any(lacks_any(s, x));
        for (int i = 0; i < together; ++i) {
          const R posterior = posteriors.load(t - first, k + i);
          incomplete ? laws[i].add_incomplete(x, posterior, sums[i]) : laws[i].add(x, posterior, sums[i]);
        }
      }
      for (int i = 0; i < together; ++i) sums[i].store(s, k + i, rows);
    });
  }
}

// An emission policy: log densities of a pass over bars, and its moments given the posteriors, which are
// added to `sums`, rows of CountLayout.
template <template <class, class> class Law, EmissionLaw kind, class R, class S>
struct LawEmission {
  static constexpr EmissionLaw law = kind;
  S s;
  Rows<R> p;
  const ScalarOf<R>* series;
  bool shared = false;
  const ScalarOf<R>* prepared = nullptr;

  // Before any densities; `rows`: prepared_rows.
  REGENT_BODY void prepare(const Table<R>& rows) {
    prepared = rows.base;
    with_dimension<R>(s, [&](const auto& fixed) {
      using Fixed = std::remove_cvref_t<decltype(fixed)>;
      if constexpr (prepares_densities<R, Fixed>) {
        auto* densities = reinterpret_cast<typename Law<R, Fixed>::Density*>(rows.base);
        const R reference = reference_of(fixed, p);
        for (int k = 0; k < s.states; ++k) densities[k].prepare(fixed, Law<R, Fixed>(fixed, p, k), reference);
      }
    });
  }
  REGENT_BODY void log_densities(std::int64_t first, std::int64_t end, const BlockRows<R>& out) const {
    with_dimension<R>(s, [&](const auto& fixed) {
      if (shared) {
        block_log_densities<Law>(fixed, p, Series<R, true>{series}, first, end, out);
      } else {
        block_log_densities<Law>(fixed, p, Series<R, false>{series}, first, end, out);
      }
    });
  }
  REGENT_BODY void densities(std::int64_t first, std::int64_t end, const BarDensities<R>& out) const {
    with_dimension<R>(s, [&](const auto& fixed) {
      if (shared) {
        block_densities<Law>(fixed, p, Series<R, true>{series}, first, end, prepared, out);
      } else {
        block_densities<Law>(fixed, p, Series<R, false>{series}, first, end, prepared, out);
      }
    });
  }
  REGENT_COLD_BODY void logs_of_bar(std::int64_t t, R* logs) const {
    R x[S::dimension_bound];
    if (shared) {
      Series<R, true>{series}.load(s, t, x);
    } else {
      Series<R, false>{series}.load(s, t, x);
    }
    for (int k = 0; k < s.states; ++k) logs[k] = log_density_of_bar<Law<R, S>>(s, p, k, x);
  }
  REGENT_BODY void add_moments(std::int64_t first, std::int64_t end, const BlockRows<R>& posteriors,
                               const Table<R>& sums) const {
    with_dimension<R>(s, [&](const auto& fixed) {
      if (shared) {
        block_moments<Law>(fixed, p, Series<R, true>{series}, first, end, posteriors, sums);
      } else {
        block_moments<Law>(fixed, p, Series<R, false>{series}, first, end, posteriors, sums);
      }
    });
  }
};
template <class R, class S>
using GaussianEmission = LawEmission<GaussianLaw, EmissionLaw::gaussian, R, S>;

template <class R, class S>
struct TableEmission;

template <class R, class S>
REGENT_SERIES_BODY void table_densities(const S s, const ScalarOf<R>* table, std::int64_t first,
                                        std::int64_t end, const BarDensities<R> out) {
  R logs[S::states_bound], density[S::states_bound];
  logs[0] = Lanes<R>::all(ScalarOf<R>{0});  // for the compiler, which knows of no state
  for (std::int64_t t = first; t < end; ++t) {
    TableEmission<R, S>{s, table}.logs_of_bar(t, logs);
    out.shifts.store(t - first, relative_densities(s, logs, density));
    for (int k = 0; k < s.states; ++k) out.densities.store(t - first, k, density[k]);
  }
}

// Log densities that the caller brings: discrete models, emission models of their own. −inf is allowed.
template <class R, class S>
struct TableEmission {
  S s;
  const ScalarOf<R>* table;
  REGENT_BODY void prepare(const Table<R>&) {}
  REGENT_BODY void logs_of_bar(std::int64_t t, R* logs) const {
    for (int k = 0; k < s.states; ++k) {
      const R value = Lanes<R>::load(table + (t * s.states + k) * lane_block);
      logs[k] = maximum(value, Lanes<R>::all(impossible<ScalarOf<R>>));
    }
  }
  REGENT_BODY void log_densities(std::int64_t first, std::int64_t end, const BlockRows<R>& out) const {
    R logs[S::states_bound];
    for (std::int64_t t = first; t < end; ++t) {
      logs_of_bar(t, logs);
      for (int k = 0; k < s.states; ++k) out.store(t - first, k, logs[k]);
    }
  }
  REGENT_BODY void densities(std::int64_t first, std::int64_t end, const BarDensities<R>& out) const {
    with_states<R>(s, [&](const auto& fixed) { table_densities(fixed, table, first, end, out); });
  }
};

}  // namespace regent::cuda::hmm
