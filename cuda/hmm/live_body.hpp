#pragma once
// One bar of every lane of a live filter: standardised in fp64, then one step of the forward pass, by the
// very functions of the batch filter, so that both give the same bits. Lanes may have begun at different
// bars.

#include "cuda/hmm/live.hpp"
#include "cuda/hmm/run_body.hpp"

namespace regent::cuda::hmm {

// Rows of a lane's state.
struct LiveLayout {
  int states;
  REGENT_HD constexpr int weight(int k) const { return k; }
  REGENT_HD constexpr int scale() const { return states; }
  REGENT_HD constexpr int shift() const { return states + 1; }
  REGENT_HD constexpr int exponent() const { return states + 2; }
  REGENT_HD constexpr int unflushed() const { return states + 3; }  // bars since the sums went to fp64
  REGENT_HD constexpr int begun() const { return states + 4; }      // 0 before the first bar
  REGENT_HD constexpr int rows() const { return live_state_rows(states); }
};

// A feature of each lane of a group, in loops that the compiler makes vectors of.
template <class R>
REGENT_BODY void standardise_feature(const double* values, const double* centre, const double* scale,
                                     double limit, ScalarOf<R>* x, std::int64_t* present) {
  constexpr int width = Lanes<R>::width;
  double bounded[width];
  REGENT_AS_VECTORS
  for (int i = 0; i < width; ++i) {
    const double z = (values[i] - centre[i]) / scale[i];
    const double low = z > limit ? limit : z;
    bounded[i] = low < -limit ? -limit : low;
  }
  REGENT_AS_VECTORS
  for (int i = 0; i < width; ++i) x[i] = static_cast<ScalarOf<R>>(bounded[i]);
  REGENT_AS_VECTORS
  for (int i = 0; i < width; ++i) present[i] += values[i] == values[i] ? 1 : 0;
}
template <class R>
REGENT_BODY void standardise(const LiveJob<ScalarOf<R>>& job, int lane, ScalarOf<R>* x) {
  constexpr int width = Lanes<R>::width;
  const int dimension = job.shape.dimension, block = lane / lane_block, offset = lane % lane_block;
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(block) * dimension * lane_block + offset;
  const double* bars = job.bars + static_cast<std::ptrdiff_t>(lane) * dimension;
  const int last = job.lanes - 1 - lane;  // the lanes beyond are like it
  for (int d = 0; d < dimension; ++d) {
    double values[width];
    if (last + 1 >= width) {
      for (int i = 0; i < width; ++i) values[i] = bars[i * dimension + d];
    } else {
      for (int i = 0; i < width; ++i) values[i] = bars[(i < last ? i : last) * dimension + d];
    }
    const std::ptrdiff_t at = first + d * lane_block;
    standardise_feature<R>(values, job.centre + at, job.scale + at, job.limit, x + d * width,
                           job.present + at);
  }
}

// Where a group finds what it has prepared.
template <class R>
REGENT_BODY std::ptrdiff_t prepared_of(const LiveJob<ScalarOf<R>>& job, int group) {
  return group * prepared_rows(job.shape) * Lanes<R>::width;
}
template <class R, class S>
REGENT_BODY Rows<R> live_parameters(const LiveJob<ScalarOf<R>>& job, const S& s, int group) {
  const int lane = group * Lanes<R>::width, block = lane / lane_block;
  return {job.parameters + static_cast<std::ptrdiff_t>(block) * ParameterLayout<S>{s}.size() * lane_block +
          lane % lane_block};
}
template <class R, class S>
REGENT_BODY void prepare_live(const LiveJob<ScalarOf<R>>& job, int group, ScalarOf<R>* prepared) {
  const S s(job.shape);
  const Table<R> rows{prepared + prepared_of<R>(job, group)};
  const Rows<R> p = live_parameters<R>(job, s, group);
  if (job.law == EmissionLaw::student_t) {
    StudentEmission<R, S>{s, p, nullptr}.prepare(rows);
  } else {
    GaussianEmission<R, S>{s, p, nullptr}.prepare(rows);
  }
}

// The log densities of a bar that is rescued.
template <class R, class S>
struct LiveLogs {
  using T = ScalarOf<R>;
  const S& s;
  const Rows<R>& p;
  EmissionLaw law;
  const R* x;
  REGENT_BODY void operator()(R* logs) const {
    for (int k = 0; k < s.states; ++k) {
      logs[k] = law == EmissionLaw::student_t ? log_density_of_bar<StudentLaw<R, S>>(s, p, k, x)
                                              : log_density_of_bar<GaussianLaw<R, S>>(s, p, k, x);
    }
  }
};

// A block of a few lanes into [lanes, columns].
template <class R>
REGENT_BODY void put_columns(const LiveJob<ScalarOf<R>>& job, int lane, const ScalarOf<R>* rows, int columns,
                             ScalarOf<R>* out) {
  for (int i = 0; i < Lanes<R>::width && lane + i < job.lanes; ++i) {
    for (int k = 0; k < columns; ++k) {
      // rows were stored as whole vectors, which the analyser does not follow
      const auto value = rows[k * Lanes<R>::width + i];  // NOLINT(clang-analyzer-core.uninitialized.Assign)
      out[static_cast<std::ptrdiff_t>(lane + i) * columns + k] = value;
    }
  }
}

template <class R, class S, class Logs>
REGENT_SERIES_BODY void live_step(const S s, const Rows<R> p, const R shift, R* density, const Logs logs,
                                  const LiveJob<ScalarOf<R>> job, int lane) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const int block = lane / lane_block, offset = lane % lane_block;
  const LiveLayout layout{s.states};
  const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
  const Table<R, lane_block> rows{job.state +
                                  static_cast<std::ptrdiff_t>(block) * layout.rows() * lane_block + offset};
  ForwardState<R, S> state;
  for (int k = 0; k < s.states; ++k) state.weight[k] = rows.load(layout.weight(k));
  state.scale = rows.load(layout.scale());
  state.shift = rows.load(layout.shift());
  state.exponent = rows.load(layout.exponent());
  R predicted[S::states_bound];
  predict_next(s, p, state, predicted);
  const auto new_here = !(zero < rows.load(layout.begun()));
  if (any(new_here)) {
    R first[S::states_bound];
    predict_first(s, p, first);
    for (int k = 0; k < s.states; ++k) predicted[k] = select(new_here, first[k], predicted[k]);
  }
  absorb_densities(s, predicted, shift, density, state, logs);
  R unflushed = rows.load(layout.unflushed()) + one;
  const auto full = !(unflushed < Lanes<R>::all(T(flush_every)));
  if (any(full)) {
    double* totals = job.totals + static_cast<std::ptrdiff_t>(block) * 2 * lane_block + offset;
    Lanes<R>::add_to(totals, select(full, state.shift, zero));
    Lanes<R>::add_to(totals + lane_block, select(full, state.exponent, zero));
    state.shift = select(full, zero, state.shift);
    state.exponent = select(full, zero, state.exponent);
    unflushed = select(full, zero, unflushed);
  }
  const R inverse = one / sum_of(s, state.weight);
  T posteriors[S::states_bound * width], macros[S::states_bound * width];
  for (int i = 0; i < s.macros; ++i) {
    R sum = zero;
    for (int j = 0; j < s.micros; ++j) {
      const R posterior = state.weight[i * s.micros + j] * inverse;
      Lanes<R>::store(posteriors + (i * s.micros + j) * width, posterior);
      sum = sum + posterior;
    }
    Lanes<R>::store(macros + i * width, sum);
  }
  put_columns<R>(job, lane, posteriors, s.states, job.posteriors);
  put_columns<R>(job, lane, macros, s.macros, job.macro_posteriors);
  for (int k = 0; k < s.states; ++k) rows.store(layout.weight(k), state.weight[k]);
  rows.store(layout.scale(), state.scale);
  rows.store(layout.shift(), state.shift);
  rows.store(layout.exponent(), state.exponent);
  rows.store(layout.unflushed(), unflushed);
  rows.store(layout.begun(), one);
}

// Asks for a share of the next block's transitions while this group is worked on: those of all blocks do not
// fit into a core's own caches.
template <class R, class S>
REGENT_BODY void fetch_ahead(const LiveJob<ScalarOf<R>>& job, const S& s, int block, int offset) {
  if constexpr (Lanes<R>::width > 1) {
    if ((block + 1) * lane_block >= job.lanes) return;
    using T = ScalarOf<R>;
    constexpr int line = 64 / sizeof(T), groups = lane_block / Lanes<R>::width;
    const ParameterLayout<S> layout{s};
    const std::ptrdiff_t lines = static_cast<std::ptrdiff_t>(layout.mean(0, 0)) * lane_block / line;
    const int group = offset / Lanes<R>::width;
    const T* next = job.parameters + static_cast<std::ptrdiff_t>(block + 1) * layout.size() * lane_block;
    for (std::ptrdiff_t i = lines * group / groups; i < lines * (group + 1) / groups; ++i)
      __builtin_prefetch(next + i * line);
  }
}

template <class R, class S>
REGENT_BODY void run_live(const LiveJob<ScalarOf<R>>& job, int group) {
  using T = ScalarOf<R>;
  const S s(job.shape);
  const int lane = group * Lanes<R>::width, block = lane / lane_block, offset = lane % lane_block;
  const Rows<R> p = live_parameters<R>(job, s, group);
  const T* prepared = job.prepared == nullptr ? nullptr : job.prepared + prepared_of<R>(job, group);
  fetch_ahead<R>(job, s, block, offset);
  T bar[S::dimension_bound * Lanes<R>::width];
  standardise<R>(job, lane, bar);
  R x[S::dimension_bound], density[S::states_bound], shift;
  for (int d = 0; d < s.dimension; ++d) x[d] = Lanes<R>::load(bar + d * Lanes<R>::width);
  with_dimension<R>(s, [&](const auto& fixed) {
    shift = job.law == EmissionLaw::student_t ? densities_of_bar<StudentLaw>(fixed, p, prepared, x, density)
                                              : densities_of_bar<GaussianLaw>(fixed, p, prepared, x, density);
  });
  const LiveLogs<R, S> logs{s, p, job.law, x};
  with_states<R>(s, [&](const auto& fixed) { live_step(fixed, p, shift, density, logs, job, lane); });
}

}  // namespace regent::cuda::hmm
