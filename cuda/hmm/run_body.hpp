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
    return batch.shared
               ? batch.observations
               : batch.observations + block * batch.steps * batch.shape.dimension * lane_block + offset;
  }
  REGENT_BODY const T* table() const { return by_states(batch.emission_table); }
  template <class P>
  REGENT_BODY P* by_states(P* base) const {
    return base + block * batch.steps * batch.shape.states() * lane_block + offset;
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

template <class R, class S>
REGENT_BODY GaussianEmission<R, S> make_emission(const S& s, const Group<R>& group, const Rows<R>& p,
                                                 const GaussianEmission<R, S>*) {
  return {s, group.batch, p, group.series()};
}
template <class R, class S>
REGENT_BODY StudentEmission<R, S> make_emission(const S& s, const Group<R>& group, const Rows<R>& p,
                                                const StudentEmission<R, S>*) {
  return {s, group.batch, p, group.series()};
}
template <class R, class S>
REGENT_BODY TableEmission<R, S> make_emission(const S& s, const Group<R>& group, const Rows<R>& p,
                                              const TableEmission<R, S>*) {
  return {s, group.batch, p, group.table()};
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

template <class R, class S>
struct WriteFiltered {
  S s;
  ScalarOf<R>* out;  // nullptr: not wanted
  REGENT_BODY void operator()(std::int64_t t, const ForwardState<R, S>& now, const R*) const {
    if (out == nullptr) return;
    const R inverse = Lanes<R>::all(1) / sum_of(s, now.weight);
    for (int k = 0; k < s.states; ++k)
      Lanes<R>::store(out + (t * s.states + k) * lane_block, now.weight[k] * inverse);
  }
};

template <class R, class S>
struct KeepSegment {
  SegmentStore<R, S> store;
  bool wanted;
  REGENT_BODY void operator()(std::int64_t t, const ForwardState<R, S>& now, const R* density) const {
    if (wanted) store.keep(t, now, density);
  }
};

template <class R, class S, class Emission>
REGENT_BODY void run_forward(const ForwardJob<ScalarOf<R>>& job, int index) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  ForwardState<R, S> state;
  start_forward(s, state);
  Totals<R> totals;
  totals.clear();
  const WriteFiltered<R, S> write{s, job.posteriors == nullptr ? nullptr : group.by_states(job.posteriors)};
  forward_series<R, S>(s, p, emission, 0, job.batch.steps, group.lengths(), state, totals.shifts,
                       totals.exponents, write);
  flush(state, totals.shifts, totals.exponents);
  totals.finish(sum_of(s, state.weight), group.by_lane(job.log_likelihood));
}

// Forward, then backward into `sink`, with the forward pass kept for one segment of time only: weights are
// saved where segments begin, and a segment is run forward again before it is run backward. The result does
// not depend on `segment`. Workspace rows: segment·2K, then ceil(steps/segment)·K. Lanes whose joint weight
// vanished get a NaN likelihood.
template <class R, class S, class Emission, class Sink>
REGENT_BODY void run_both_ways(const BatchView<ScalarOf<R>>& batch, const S& s, const Group<R>& group,
                               const Rows<R>& p, Emission& emission, std::int64_t segment,
                               ScalarOf<R>* workspace, double* log_likelihood, Sink& sink) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  const GroupLengths<R> lengths = group.lengths();
  const std::int64_t last_first = (batch.steps - 1) / segment * segment;
  const Table<R> saved{workspace + segment * 2 * s.states * workspace_stride<R>};
  SegmentStore<R, S> store{{workspace}, 0, s.states};
  ForwardState<R, S> state;
  start_forward(s, state);
  Totals<R> totals;
  totals.clear();
  for (std::int64_t first = 0; first < last_first; first += segment) {
    for (int k = 0; k < s.states; ++k) saved.store(first / segment * s.states + k, state.weight[k]);
    forward_series<R, S>(s, p, emission, first, first + segment, lengths, state, totals.shifts,
                         totals.exponents, KeepSegment<R, S>{store, false});
  }
  store.first = last_first;
  forward_series<R, S>(s, p, emission, last_first, batch.steps, lengths, state, totals.shifts,
                       totals.exponents, KeepSegment<R, S>{store, true});
  flush(state, totals.shifts, totals.exponents);
  totals.finish(sum_of(s, state.weight), log_likelihood);

  BackwardState<R, S> back;
  back.vanished = zero < zero;
  for (int k = 0; k < s.states; ++k) back.ahead[k] = zero;
  backward_series<R, S>(s, p, emission, last_first, batch.steps, batch.steps, lengths, store, back, sink);
  for (std::int64_t first = last_first - segment; first >= 0; first -= segment) {
    for (int k = 0; k < s.states; ++k) state.weight[k] = saved.load(first / segment * s.states + k);
    store.first = first;
    forward_series<R, S>(s, p, emission, first, first + segment, lengths, state, totals.shifts,
                         totals.exponents, KeepSegment<R, S>{store, true});
    backward_series<R, S>(s, p, emission, first, first + segment, batch.steps, lengths, store, back, sink);
  }
  if (!any(back.vanished)) return;
  double vanished[Lanes<R>::width];
  Lanes<R>::store_double(vanished, select(back.vanished, Lanes<R>::all(T{1}), zero));
  for (int i = 0; i < Lanes<R>::width; ++i) {
    if (vanished[i] != 0 && log_likelihood[i] > -HUGE_VAL) log_likelihood[i] = HUGE_VAL - HUGE_VAL;
  }
}

template <class R, class S, class Emission>
REGENT_BODY void run_smooth(const SmoothJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  PosteriorSink<R, S> sink{s, {group.by_states(job.posteriors)}};
  run_both_ways<R, S>(job.batch, s, group, p, emission, job.segment, workspace,
                      group.by_lane(job.log_likelihood), sink);
}

// `partial`: CountLayout rows for the sums of a few bars.
template <class R, class S, class Emission>
REGENT_BODY void run_expectation(const ExpectationJob<ScalarOf<R>>& job, int index, ScalarOf<R>* partial,
                                 ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  using Sink = typename CountSinkOf<Emission>::Type;
  const std::ptrdiff_t counts = CountLayout<S>{s}.rows(Sink::law);
  const CountSink<R, S> rows{s, p, {partial}, job.counts + group.block * counts * lane_block + group.offset};
  Sink sink{rows};
  sink.clear();
  run_both_ways<R, S>(job.batch, s, group, p, emission, job.segment, workspace,
                      group.by_lane(job.log_likelihood), sink);
  sink.flush_partial();
  sink.finish();
}

// `origins`: steps·K bytes for every lane; `logs`: ParameterLayout rows.
template <class R, class S, class Emission>
REGENT_BODY void run_viterbi(const ViterbiJob<ScalarOf<R>>& job, int index, std::uint8_t* origins,
                             ScalarOf<R>* log_rows) {
  using T = ScalarOf<R>;
  constexpr int width = Lanes<R>::width;
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const LogTransitions<R, S> logs{s, {log_rows}};
  logs.fill(p);
  double totals[width];
  for (double& total : totals) total = 0;
  R score[S::states_bound];
  for (int k = 0; k < s.states; ++k) score[k] = Lanes<R>::all(T{0});
  viterbi_forward<R, S>(s, logs, emission, job.batch.steps, group.lengths(), origins, totals, score);
  T last[S::states_bound * width];
  for (int k = 0; k < s.states; ++k) Lanes<R>::store(last + k * width, score[k]);
  for (int i = 0; i < width; ++i) {
    const int lane = group.lane + i;
    if (lane >= job.batch.lanes) break;
    const std::int64_t length = job.batch.lengths == nullptr ? job.batch.steps : job.batch.lengths[lane];
    int best = 0;
    for (int k = 1; k < s.states; ++k) {
      if (last[best * width + i] < last[k * width + i]) best = k;
    }
    group.by_lane(job.log_probability)[i] = totals[i];
    std::uint8_t* path = job.path + group.block * job.batch.steps * lane_block + group.offset + i;
    for (std::int64_t t = job.batch.steps - 1; t >= 0; --t) {
      path[t * lane_block] = static_cast<std::uint8_t>(best);
      if (t < length) best = origins[(t * s.states + best) * workspace_stride<R> + i];
    }
  }
}

}  // namespace regent::cuda::hmm
