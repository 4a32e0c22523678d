#pragma once
// Densities of a pass over bars under every state of a law (GaussianLaw, StudentLaw), and their logarithms.

#include "cuda/hmm/gaussian_body.hpp"
#include "cuda/hmm/jobs.hpp"

namespace regent::cuda::hmm {

// Log density of what cannot be: below every density of a Gaussian, finite so that differences stay numbers.
template <class T>
inline constexpr T impossible = T(-2e30);

// At least every state's largest log density, in quarters, so that sums over a block are exact: densities of
// bars that lack nothing are relative to it.
template <class R, class S>
REGENT_BODY R reference_of(const S& s, const Rows<R>& p) {
  using T = ScalarOf<R>;
  const ParameterLayout<S> layout{s};
  R highest = p(layout.log_normaliser(0));
  for (int k = 1; k < s.states; ++k) highest = maximum(highest, p(layout.log_normaliser(k)));
  const R magic = Lanes<R>::all(Format<T>::round_magic);
  const R quarters = fused(highest, Lanes<R>::all(T{4}), magic) - magic;
  return (quarters + Lanes<R>::all(T{1})) * Lanes<R>::all(T(0.25));
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

// The logarithms in base two of the densities of n bars from t on under state k; `out` begins at t.
template <int n, class R, class S, class Density, bool shared>
REGENT_BODY void put_exponents(const S& s, const Density& density, const Series<R, shared>& series,
                               std::int64_t t, int k, const BlockRows<R>& out) {
  R values[n];
  density.template find_exponents<n>(
      s, [&](int i, int d) { return series.value(s, t + i, d); }, values);
  for (int i = 0; i < n; ++i) out.store(i, k, values[i]);
}

template <int n, class R, class S, class Density, bool shared>
REGENT_BODY void put_state(const S& s, const Density& density, const Series<R, shared>& series,
                           std::int64_t first, std::int64_t end, int k, const BlockRows<R>& out) {
  std::int64_t t = first;
  for (; t + n <= end; t += n) put_exponents<n>(s, density, series, t, k, out.from(t - first));
  for (; t < end; ++t) put_exponents<1>(s, density, series, t, k, out.from(t - first));
}

// Of exponents that lie in rows.
template <class R>
REGENT_BODY void exponents_to_powers(std::int64_t size, const Table<R>& rows) {
  constexpr int n = Lanes<R>::bars_at_once;
  R values[n];
  std::int64_t row = 0;
  for (; row + n <= size; row += n) {
    for (int i = 0; i < n; ++i) values[i] = rows.load(row + i);
    powers_of_two<n>(values);
    for (int i = 0; i < n; ++i) rows.store(row + i, values[i]);
  }
  for (; row < size; ++row) rows.store(row, power_of_two(rows.load(row)));
}

// Densities of neighbouring states, bar by bar; the next bar's features are on their way meanwhile.
template <class R, class S, class Density, int n, bool shared>
REGENT_BODY void put_states(const S& s, const Density (&density)[n], const Series<R, shared>& series,
                            std::int64_t first, std::int64_t end, int k, const BlockRows<R>& out) {
  R x[S::dimension_bound], next[S::dimension_bound], value;
  series.load(s, first, next);
  for (std::int64_t t = first; t < end; ++t) {
    for (int d = 0; d < s.dimension; ++d) x[d] = next[d];
    series.load(s, t + 1 < end ? t + 1 : t, next);
    for (int i = 0; i < n; ++i) {
      density[i].template find_exponents<1>(
          s, [&](int, int d) { return x[d]; }, &value);
      out.store(t - first, k + i, power_of_two(value));
    }
  }
}

// Where the dimension is known the CPU prepares the densities of all states once for all passes, and finds a
// few bars at a time, so that features stay in the nearest cache over all states.
template <class R, class S>
inline constexpr bool prepares_densities = Lanes<R>::bars_at_once > 1 && S::fixed_dimension;

template <class S>
REGENT_BODY std::ptrdiff_t reference_row(const S& s) {
  return prepared_rows({s.macros, s.micros, s.dimension}) - 1;
}

// What densities are relative to.
template <class R, class S>
REGENT_BODY R reference_for(const S& s, const Rows<R>& p, const ScalarOf<R>* prepared) {
  if constexpr (prepares_densities<R, S>) {
    return Lanes<R>::load(prepared + reference_row(s) * workspace_stride<R>);
  } else {
    return reference_of(s, p);
  }
}

// `prepared` [K], see above. On the CPU exponents and powers have a loop each: a power waits for its
// exponent, and a processor looks only so far ahead for other work.
template <template <class, class> class Law, class R, class S, bool shared>
REGENT_BODY void put_all_densities(const S& s, const Rows<R>& p, const Series<R, shared>& series,
                                   std::int64_t first, std::int64_t end, R reference,
                                   const ScalarOf<R>* prepared, const BlockRows<R>& out) {
  using Density = typename Law<R, S>::Density;
  constexpr int n = Lanes<R>::bars_at_once;
  if constexpr (prepares_densities<R, S>) {
    const auto* densities = reinterpret_cast<const Density*>(prepared);
    const BlockRows<R> own = out.of(s.states);
    std::int64_t t = first;
    for (; t + n <= end; t += n) {
      series.template fetch_bars<n>(s, t + pass_bars<R>);
      for (int k = 0; k < s.states; ++k) put_exponents<n>(s, densities[k], series, t, k, own.from(t - first));
    }
    for (; t < end; ++t) {
      for (int k = 0; k < s.states; ++k) put_exponents<1>(s, densities[k], series, t, k, own.from(t - first));
    }
    exponents_to_powers((end - first) * s.states, own.rows);
  } else if constexpr (n > 1) {
    Density density;
    for (int k = 0; k < s.states; ++k) {
      density.prepare(s, Law<R, S>(s, p, k), reference);
      put_state<n>(s, density, series, first, end, k, out.of(s.states));
    }
    exponents_to_powers((end - first) * s.states, out.rows);
  } else {
    constexpr int together = states_at_once<R, S>();
    for (int k = 0; k < s.states; k += together) {
      Density density[together];
      for (int i = 0; i < together; ++i) density[i].prepare(s, Law<R, S>(s, p, k + i), reference);
      put_states(s, density, series, first, end, k, out);
    }
  }
}

template <template <class, class> class Law, class R, class S, bool shared>
REGENT_SERIES_BODY void block_densities(const S s, const Rows<R> p, const Series<R, shared> series,
                                        std::int64_t first, std::int64_t end, const ScalarOf<R>* prepared,
                                        const BarDensities<R> out) {
  const R reference = reference_for(s, p, prepared);
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
REGENT_SERIES_BODY R densities_of_bar(const S s, const Rows<R> p, const ScalarOf<R>* prepared, const R* x,
                                      R* density) {
  using Density = typename Law<R, S>::Density;
  const auto feature = [&](int, int d) { return x[d]; };
  const R reference = reference_for(s, p, prepared);
  if constexpr (prepares_densities<R, S>) {
    const auto* densities = reinterpret_cast<const Density*>(prepared);
    for (int k = 0; k < s.states; ++k) densities[k].template find_exponents<1>(s, feature, density + k);
  } else {
    for (int k = 0; k < s.states; ++k) {
      Density one;
      one.prepare(s, Law<R, S>(s, p, k), reference);
      one.template find_exponents<1>(s, feature, density + k);
    }
  }
  constexpr int n = Lanes<R>::bars_at_once;
  int k = 0;
  for (; k + n <= s.states; k += n) powers_of_two<n>(density + k);
  for (; k < s.states; ++k) density[k] = power_of_two(density[k]);
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

}  // namespace regent::cuda::hmm
