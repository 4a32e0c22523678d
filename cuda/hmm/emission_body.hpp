#pragma once
// What a pass over bars asks of an emission: densities, and moments given the posteriors.

#include "cuda/hmm/moments_body.hpp"
#include "cuda/hmm/shape_dispatch.hpp"

namespace regent::cuda::hmm {

// An emission policy: log densities of a pass over bars, and its moments given the posteriors, which are
// added to `sums`, rows of CountLayout.
template <template <class, class> class Law, EmissionLaw kind, class R, class S>
struct LawEmission {
  static constexpr EmissionLaw law = kind;
  S s;
  Rows<R> p;
  const ScalarOf<R>* series;
  bool shared = false;
  std::int64_t steps = 0;
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
        rows.store(reference_row(fixed), reference);
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
        block_densities<Law>(fixed, p, Series<R, true>{series, steps}, first, end, prepared, out);
      } else {
        block_densities<Law>(fixed, p, Series<R, false>{series, steps}, first, end, prepared, out);
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
