#pragma once
// Moments of a pass over bars given the posteriors.

#include "cuda/hmm/densities_body.hpp"

namespace regent::cuda::hmm {

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

// Where a few rows of the triangle of moments end, `row` being the first: of so many the sums stay in the
// registers of the CPU beside what a bar needs.
template <class R>
constexpr int end_of_rows(int row, int dimension) {
  constexpr int room = Lanes<R>::registers * 2 / 3;
  int sums = row == 0 ? 1 : 0;
  for (int end = row; end < dimension; ++end) {
    sums += 2 + end;
    if (end > row && sums > room) return end;
  }
  return dimension;
}

// Moments of one state of bars that lack nothing, few rows of the triangle at a time.
template <int row, class R, class S, class Law, bool shared>
REGENT_BODY void add_rows_from(const S& s, const Law& law, const Series<R, shared>& series,
                               std::int64_t first, std::int64_t end, const BlockRows<R>& posteriors,
                               const Table<R>& rows) {
  constexpr int stop = end_of_rows<R>(row, S::dimension);
  const CountLayout<S> layout{s};
  R weight, firsts[stop], seconds[triangle_size(stop)];
  if (row == 0) weight = rows.load(layout.weight(law.k));
  for (int d = row; d < stop; ++d) firsts[d] = rows.load(layout.first(law.k, d));
  for (int e = triangle(row, 0); e < triangle_size(stop); ++e)
    seconds[e] = rows.load(layout.second(law.k, e));
  REGENT_TWO_AT_ONCE
  for (std::int64_t t = end - 1; t >= first; --t) {
    const R posterior = posteriors.load(t - first, law.k);
    Series<R, shared> bar = series.from(s, t);
    const auto x = [&](int d) {
      bar.read_again();
      return bar.value(s, 0, d);
    };
    if (row == 0) weight = weight + posterior;
    for (int d = row; d < stop; ++d)
      add_products_of_row(d, posterior, law.mean(d) - x(d), x, firsts, seconds);
  }
  if (row == 0) rows.store(layout.weight(law.k), weight);
  for (int d = row; d < stop; ++d) rows.store(layout.first(law.k, d), firsts[d]);
  for (int e = triangle(row, 0); e < triangle_size(stop); ++e)
    rows.store(layout.second(law.k, e), seconds[e]);
  if constexpr (stop < S::dimension) add_rows_from<stop>(s, law, series, first, end, posteriors, rows);
}

template <template <class, class> class Law, class R, class S, bool shared>
REGENT_SERIES_BODY void block_moments(const S s, const Rows<R> p, const Series<R, shared> series,
                                      std::int64_t first, std::int64_t end, const BlockRows<R> posteriors,
                                      const Table<R> rows) {
  const bool lacks = block_lacks(s, series, first, end);
  if constexpr (Law<R, S>::sums_by_rows && Lanes<R>::width > 1 && S::fixed_dimension) {
    if (!lacks) {
      for (int k = 0; k < s.states; ++k)
        add_rows_from<0>(s, Law<R, S>(s, p, k), series, first, end, posteriors, rows);
      return;
    }
  }
  R x[S::dimension_bound];
  constexpr int together = states_at_once<R, S>();
  for (int k = 0; k < s.states; k += together) {
    with_laws<Law<R, S>>(s, p, k, [&](const auto& laws) {
      typename Law<R, S>::Sums sums[together];
      for (int i = 0; i < together; ++i) sums[i].load(s, k + i, rows);
      const std::int64_t usual_first = lacks ? end : first;
      REGENT_FOUR_AT_ONCE
      for (std::int64_t t = end - 1; t >= usual_first; --t) {
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

}  // namespace regent::cuda::hmm
