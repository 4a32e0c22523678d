#pragma once
// One group of neighbouring lanes through each operation: what the lane kernels of the CPU (R = Pack) and the
// kernels of the GPU (R = float or double, one lane per thread) both call. Launchers hold only index, bound
// and call.

#include "cuda/hmm/expectation_body.hpp"
#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/viterbi_body.hpp"

namespace regent::cuda::hmm {

template <class R>
struct GroupLengths {
  R lengths;
  std::int64_t common;  // the shortest
  REGENT_BODY bool all_alive(std::int64_t t) const { return t < common; }
  REGENT_BODY MaskOf<R> alive(std::int64_t t) const {
    return Lanes<R>::all(static_cast<ScalarOf<R>>(t)) < lengths;
  }
};

// Where one group of lanes finds its rows.
template <class R>
struct Group {
  using T = ScalarOf<R>;
  static constexpr int width = Lanes<R>::width;
  const BatchView<T>& batch;
  int lane, block, offset;

  REGENT_BODY Group(const BatchView<T>& view, int group)
      : batch(view), lane(group * width), block(lane / lane_block), offset(lane % lane_block) {}

  template <class S>
  REGENT_BODY Rows<R> parameters(const S& s) const {
    const std::ptrdiff_t size = ParameterLayout<S>{s}.size();
    return {batch.parameters + block * size * lane_block + offset};
  }
  REGENT_BODY const T* series() const {
    if (batch.shared) return batch.observations;
    const std::int64_t which = batch.series_blocks == 0 ? block : block % batch.series_blocks;
    return batch.observations + which * batch.steps * batch.shape.dimension * lane_block + offset;
  }
  REGENT_BODY const T* table() const { return by_states(batch.emission_table); }
  template <class P>
  REGENT_BODY P* by_states(P* base) const {
    return base + block * batch.steps * batch.shape.states() * lane_block + offset;
  }
  REGENT_BODY const T* terminal(const T* base) const {
    return base == nullptr ? nullptr : base + block * batch.shape.states() * lane_block + offset;
  }
  template <class P>
  REGENT_BODY P* by_lane_rows(P* base, int rows) const {
    return base + static_cast<std::ptrdiff_t>(block) * rows * lane_block + offset;
  }
  REGENT_BODY double* by_lane(double* base) const { return base + block * lane_block + offset; }

  REGENT_BODY GroupLengths<R> lengths() const {
    GroupLengths<R> result{Lanes<R>::all(static_cast<T>(batch.steps)), batch.steps};
    if (batch.lengths == nullptr) return result;
    T values[width];
    for (int i = 0; i < width; ++i) {
      const int which = lane + i < batch.lanes ? lane + i : batch.lanes - 1;
      values[i] = static_cast<T>(batch.lengths[which]);
      if (batch.lengths[which] < result.common) result.common = batch.lengths[which];
    }
    result.lengths = Lanes<R>::load(values);
    return result;
  }
};

template <class R, class S, template <class, class> class Law, EmissionLaw kind>
REGENT_BODY LawEmission<Law, kind, R, S> make_emission(const S& s, const Group<R>& group, const Rows<R>& p,
                                                       const LawEmission<Law, kind, R, S>*) {
  return {s, p, group.series(), group.batch.shared};
}
template <class R, class S>
REGENT_BODY TableEmission<R, S> make_emission(const S& s, const Group<R>& group, const Rows<R>&,
                                              const TableEmission<R, S>*) {
  return {s, group.table()};
}

// Sums over time of one group in fp64.
template <class R>
struct Totals {
  double shifts[Lanes<R>::width], exponents[Lanes<R>::width];
  REGENT_BODY void clear() {
    for (int i = 0; i < Lanes<R>::width; ++i) shifts[i] = exponents[i] = 0;
  }
  REGENT_BODY void finish(R weight_sum, double* out) const {
    double sums[Lanes<R>::width];
    Lanes<R>::store_double(sums, weight_sum);
    for (int i = 0; i < Lanes<R>::width; ++i)
      out[i] = finish_log_likelihood(shifts[i], exponents[i], sums[i]);
  }
};

// What becomes of a bar of the forward pass; where a pointer is nullptr, nothing.
template <class R>
struct AfterBar {
  ScalarOf<R>* filtered;  // posteriors of the block's first bar
  SegmentStore<R> store;  // from the block's first bar on
  template <class S, class State>
  REGENT_BODY void operator()(const S& s, std::int64_t bar, const State& now, const R* density) const {
    if (filtered != nullptr) {
      const R inverse = Lanes<R>::all(1) / sum_of(s, now.weight);
      for (int k = 0; k < s.states; ++k)
        Lanes<R>::store(filtered + (bar * s.states + k) * lane_block, now.weight[k] * inverse);
    }
    if (store.rows.base != nullptr) {
      for (int k = 0; k < s.states; ++k) store.weights(0).store(bar, k, now.weight[k] * now.scale);
      for (int k = 0; k < s.states; ++k) store.densities(0).store(bar, k, density[k]);
    }
  }
};

// The forward pass of one group, block by block.
template <class R, class S, class Emission>
struct ForwardPass {
  const S& s;
  const Rows<R>& p;
  const Emission& emission;
  const GroupLengths<R>& lengths;
  ForwardState<R, S> state;
  Totals<R> totals;

  REGENT_BODY ForwardPass(const S& shape, const Rows<R>& parameters, const Emission& policy,
                          const GroupLengths<R>& ends)
      : s(shape), p(parameters), emission(policy), lengths(ends) {
    start_forward(s, state);
    totals.clear();
  }
  // Log densities pass through `rows`, of which `visit` may make what it likes.
  REGENT_BODY void block(std::int64_t first, std::int64_t end, const BlockRows<R>& rows,
                         const AfterBar<R>& visit) {
    emission.log_densities(first, end, rows);
    with_states<R>(s, [&](const auto& fixed) {
      forward_block(fixed, p, first, end, lengths, rows, state, totals.shifts, totals.exponents, visit);
    });
  }
  REGENT_BODY void finish(double* log_likelihood) {
    flush<R>(state, totals.shifts, totals.exponents);
    totals.finish(sum_of(s, state.weight) * state.scale, log_likelihood);
  }
};

REGENT_HD inline std::int64_t end_of_block(std::int64_t first, std::int64_t end) {
  return first + flush_every < end ? first + flush_every : end;
}

// Workspace rows: flush_every·K.
template <class R, class S, class Emission>
REGENT_BODY void run_forward(const ForwardJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const GroupLengths<R> lengths = group.lengths();
  ForwardPass<R, S, Emission> pass(s, p, emission, lengths);
  const BlockRows<R> rows{{workspace}, s.states};
  for (std::int64_t first = 0; first < job.batch.steps; first += flush_every) {
    const std::int64_t end = end_of_block(first, job.batch.steps);
    ScalarOf<R>* out =
        job.posteriors == nullptr ? nullptr : group.by_states(job.posteriors) + first * s.states * lane_block;
    pass.block(first, end, rows, {out, {{nullptr}, s.states}});
  }
  pass.finish(group.by_lane(job.log_likelihood));
}

// Lanes whose joint weight vanished say so by a NaN likelihood.
template <class R>
REGENT_BODY void mark_vanished(MaskOf<R> vanished, double* log_likelihood) {
  using T = ScalarOf<R>;
  if (!any(vanished)) return;
  double marks[Lanes<R>::width];
  Lanes<R>::store_double(marks, select(vanished, Lanes<R>::all(T{1}), Lanes<R>::all(T{0})));
  for (int i = 0; i < Lanes<R>::width; ++i) {
    if (marks[i] != 0 && log_likelihood[i] > -HUGE_VAL) log_likelihood[i] = HUGE_VAL - HUGE_VAL;
  }
}

// Forward, then backward block by block into `work(first, end, store, back)`, with the forward pass kept for
// one segment of time only: weights are saved where segments begin, and a segment is run forward again before
// it is run backward. `segment` is a multiple of flush_every; the result does not depend on it. Workspace
// rows: segment·2K, then ceil(steps/segment)·(K + 1).
template <class R, class S, class Emission, class Work>
REGENT_BODY void run_both_ways(const BatchView<ScalarOf<R>>& batch, const S& s, const Rows<R>& p,
                               const Emission& emission, const GroupLengths<R>& lengths, std::int64_t segment,
                               ScalarOf<R>* workspace, double* log_likelihood, const Work& work) {
  const std::int64_t last_segment = (batch.steps - 1) / segment;
  const SegmentStore<R> store{{workspace}, s.states};
  const BlockRows<R> saved{{workspace + segment * 2 * s.states * workspace_stride<R>}, s.states + 1};
  ForwardPass<R, S, Emission> pass(s, p, emission, lengths);
  for (std::int64_t first = 0; first < last_segment * segment; first += flush_every) {
    if (first % segment == 0) {
      for (int k = 0; k < s.states; ++k) saved.store(first / segment, k, pass.state.weight[k]);
      saved.store(first / segment, s.states, pass.state.scale);
    }
    pass.block(first, first + flush_every, store.densities(0), {nullptr, {{nullptr}, s.states}});
  }
  BackwardState<R> back;
  const R zero = Lanes<R>::all(ScalarOf<R>{0});
  back.vanished = zero < zero;
  for (int k = 0; k < s.states; ++k) back.ahead[k] = zero;
  for (std::int64_t which = last_segment; which >= 0; --which) {
    const std::int64_t begin = which * segment;
    const std::int64_t end = which == last_segment ? batch.steps : begin + segment;
    if (which < last_segment) {
      for (int k = 0; k < s.states; ++k) pass.state.weight[k] = saved.load(which, k);
      pass.state.scale = saved.load(which, s.states);
    }
    for (std::int64_t first = begin; first < end; first += flush_every) {
      const SegmentStore<R> here{store.rows.from((first - begin) * 2 * s.states), s.states};
      pass.block(first, end_of_block(first, end), here.densities(0), {nullptr, here});
    }
    if (which == last_segment) pass.finish(log_likelihood);
    for (std::int64_t first = begin + (end - begin - 1) / flush_every * flush_every; first >= begin;
         first -= flush_every) {
      work(first, end_of_block(first, end),
           SegmentStore<R>{store.rows.from((first - begin) * 2 * s.states), s.states}, back);
    }
  }
  mark_vanished<R>(back.vanished, log_likelihood);
}

template <class R, class S, class Emission>
REGENT_BODY void run_smooth(const SmoothJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  using T = ScalarOf<R>;
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const GroupLengths<R> lengths = group.lengths();
  const T* terminal = group.terminal(job.terminal);
  run_both_ways<R>(
      job.batch, s, p, emission, lengths, job.segment, workspace, group.by_lane(job.log_likelihood),
      [&](std::int64_t first, std::int64_t end, const SegmentStore<R>& store, BackwardState<R>& back) {
        T* out = group.by_states(job.posteriors) + first * s.states * lane_block;
        with_states<R>(s, [&](const auto& fixed) {
          using Fixed = std::remove_cvref_t<decltype(fixed)>;
          backward_block(fixed, p, first, end, job.batch.steps, lengths, store, terminal, back,
                         PosteriorSink<R, Fixed>{fixed, {out}});
        });
      });
}

// Workspace rows: flush_every·(K + 3M), then those of run_both_ways.
template <class R, class S, class Emission>
REGENT_BODY void run_expectation(const ExpectationJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const GroupLengths<R> lengths = group.lengths();
  const ScalarOf<R>* terminal = group.terminal(job.terminal);
  const CountLayout<S> layout{s};
  double* totals = job.counts +
                   static_cast<std::ptrdiff_t>(group.block) * layout.rows(Emission::law) * lane_block +
                   group.offset;
  clear_counts<R>(s, Emission::law, totals);
  const Table<R> rows{workspace};
  const BlockRows<R> posteriors{rows, s.states}, macros{rows.from(flush_every * s.states), 3 * s.macros};
  run_both_ways<R>(
      job.batch, s, p, emission, lengths, job.segment,
      rows.from(flush_every * (s.states + 3 * s.macros)).base, group.by_lane(job.log_likelihood),
      [&](std::int64_t first, std::int64_t end, const SegmentStore<R>& store, BackwardState<R>& back) {
        with_states<R>(s, [&](const auto& fixed) {
          using Fixed = std::remove_cvref_t<decltype(fixed)>;
          const BlockScratch<R> scratch{posteriors, store.weights(0), store.densities(0), macros};
          backward_block(fixed, p, first, end, job.batch.steps, lengths, store, terminal, back,
                         CountSink<R, Fixed>{fixed, scratch, totals, {}});
          add_transitions(fixed, p, end - first, scratch, totals);
        });
        for (int k = 0; k < s.states && first == 0; ++k)
          Lanes<R>::store_double(totals + layout.start(k) * lane_block, posteriors.load(0, k));
        emission.add_moments(first, end, posteriors, totals);
      });
  finish_counts(s, p, totals);
}

// Workspace rows: ParameterLayout, then flush_every·K. `origins`: steps·origin_words for every lane.
template <class R, class S, class Emission>
REGENT_BODY void run_viterbi(const ViterbiJob<ScalarOf<R>>& job, int index, IndexScalarOf<R>* origins,
                             ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const GroupLengths<R> lengths = group.lengths();
  const LogTransitions<R, S> logs{s, {workspace}};
  logs.fill(p);
  const BlockRows<R> rows{Table<R>{workspace}.from(ParameterLayout<S>{s}.size()), s.states};
  const OriginTable<R> table{origins, s.states};
  ViterbiState<R> state;
  start_viterbi(s, state);
  double totals[Lanes<R>::width];
  for (double& total : totals) total = 0;
  for (std::int64_t first = 0; first < job.batch.steps; first += flush_every) {
    const std::int64_t end = end_of_block(first, job.batch.steps);
    emission.log_densities(first, end, rows);
    with_states<R>(s, [&](const auto& fixed) {
      viterbi_block(fixed, logs.rows, first, end, lengths, rows, table, totals, state);
    });
  }
  if (job.scores != nullptr) {
    for (int k = 0; k < s.states; ++k) {
      double* scores = group.by_lane_rows(job.scores, s.states) + k * lane_block;
      Lanes<R>::store_double(scores, state.score[k]);
      for (int i = 0; i < Lanes<R>::width; ++i) scores[i] += totals[i];
    }
  }
  Lanes<R>::add_to(totals, state.best);
  for (int i = 0; i < Lanes<R>::width; ++i) group.by_lane(job.log_probability)[i] = totals[i];
  if (job.path == nullptr) return;
  IndexOf<R> last = best_state(s, state);
  if (job.last != nullptr) {
    IndexScalarOf<R> told[Lanes<R>::width];
    for (int i = 0; i < Lanes<R>::width; ++i)
      told[i] = static_cast<IndexScalarOf<R>>(job.last[group.block * lane_block + group.offset + i]);
    last = Lanes<R>::load_index(told);
  }
  std::uint8_t* path =
      job.path + static_cast<std::ptrdiff_t>(group.block) * job.batch.steps * lane_block + group.offset;
  trace_back(s, job.batch.steps, lengths, table, last, path);
}

}  // namespace regent::cuda::hmm
