// The lane kernels of one instruction set; compiled once per set (see regent_lanes in cuda/CMakeLists.txt).
// Only index and call are here, the maths is in the bodies. Nothing with external linkage but the tables at
// the end, and no standard library templates, so that code compiled for AVX-512 can never be what the linker
// keeps for all.

#include "cuda/hmm/pack.hpp"
// the bodies see Pack's operations
#include "cuda/hmm/expectation_body.hpp"
#include "cuda/hmm/forward_body.hpp"
#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/viterbi_body.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {
namespace {

template <class R>
struct GroupLengths {
  R lengths;
  std::int64_t common;
  [[gnu::always_inline]] bool all_alive(std::int64_t t) const { return t < common; }
  [[gnu::always_inline]] MaskOf<R> alive(std::int64_t t) const {
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

  Group(const BatchView<T>& view, int group)
      : batch(view), lane(group * width), block(lane / lane_block), offset(lane % lane_block) {}

  template <class S>
  Rows<R> parameters(const S& s) const {
    const std::ptrdiff_t size = ParameterLayout<S>{s}.size();
    return {batch.parameters + block * size * lane_block + offset, lane_block};
  }
  const T* series() const {
    return batch.shared
               ? batch.observations
               : batch.observations + block * batch.steps * batch.shape.dimension * lane_block + offset;
  }
  const T* table() const {
    return batch.emission_table + block * batch.steps * batch.shape.states() * lane_block + offset;
  }
  T* by_states(T* base) const {
    return base + block * batch.steps * batch.shape.states() * lane_block + offset;
  }

  GroupLengths<R> lengths() const {
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

template <class R>
void finish(const Group<R>& group, const double* shifts, const double* exponents, R weight_sum, double* out) {
  double sums[Group<R>::width];
  Lanes<R>::store_double(sums, weight_sum);
  for (int i = 0; i < Group<R>::width; ++i) {
    out[group.block * lane_block + group.offset + i] =
        finish_log_likelihood(shifts[i], exponents[i], sums[i]);
  }
}

template <class R, class S, class Emission>
void run_forward(const ForwardJob<ScalarOf<R>>& job, int index, const ScalarOf<R>* source) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission(s, job.batch, p, source);
  ForwardState<R, S> state;
  start_forward(s, state);
  double shifts[Group<R>::width] = {}, exponents[Group<R>::width] = {};
  ScalarOf<R>* out = job.posteriors == nullptr ? nullptr : group.by_states(job.posteriors);
  forward_series<R, S>(s, p, emission, 0, job.batch.steps, group.lengths(), state, shifts, exponents,
                       [&](std::int64_t t, const ForwardState<R, S>& now, const R*) [[gnu::always_inline]] {
                         if (out == nullptr) return;
                         const R inverse = Lanes<R>::all(1) / sum_of(s, now.weight);
                         for (int k = 0; k < s.states; ++k) {
                           Lanes<R>::store(out + (t * s.states + k) * lane_block, now.weight[k] * inverse);
                         }
                       });
  flush(state, shifts, exponents);
  finish(group, shifts, exponents, sum_of(s, state.weight), job.log_likelihood);
}

// Forward with everything kept, then backward into `sink`. Lanes whose joint weight vanished get a NaN
// likelihood.
template <class R, class S, class Emission, class Sink>
void run_both_ways(const BatchView<ScalarOf<R>>& batch, const S& s, const Group<R>& group, const Rows<R>& p,
                   Emission& emission, ScalarOf<R>* workspace, double* log_likelihood, Sink& sink) {
  using T = ScalarOf<R>;
  const SegmentStore<R, S> store{{workspace, Group<R>::width}, 0, s.states};
  const GroupLengths<R> lengths = group.lengths();
  ForwardState<R, S> state;
  start_forward(s, state);
  double shifts[Group<R>::width] = {}, exponents[Group<R>::width] = {};
  forward_series<R, S>(s, p, emission, 0, batch.steps, lengths, state, shifts, exponents,
                       [&](std::int64_t t, const ForwardState<R, S>& now, const R* density)
                           [[gnu::always_inline]] { store.keep(t, now, density); });
  flush(state, shifts, exponents);
  BackwardState<R, S> back;
  const R zero = Lanes<R>::all(T{0});
  back.vanished = zero < zero;
  for (int k = 0; k < s.states; ++k) back.ahead[k] = zero;
  backward_series<R, S>(s, p, emission, 0, batch.steps, batch.steps, lengths, store, back, sink);
  finish(group, shifts, exponents, sum_of(s, state.weight), log_likelihood);
  if (!any(back.vanished)) return;
  double vanished[Group<R>::width];
  Lanes<R>::store_double(vanished, select(back.vanished, Lanes<R>::all(T{1}), zero));
  for (int i = 0; i < Group<R>::width; ++i) {
    double& value = log_likelihood[group.block * lane_block + group.offset + i];
    if (vanished[i] != 0 && value > -HUGE_VAL) value = __builtin_nan("");
  }
}

template <class R, class S, class Emission>
void run_smooth(const SmoothJob<ScalarOf<R>>& job, int index, const ScalarOf<R>* source,
                ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission(s, job.batch, p, source);
  PosteriorSink<R, S> sink{s, {group.by_states(job.posteriors), lane_block}};
  run_both_ways<R, S>(job.batch, s, group, p, emission, workspace, job.log_likelihood, sink);
}

template <class R, class S>
void run_expectation(const ExpectationJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const std::ptrdiff_t counts = CountLayout<S>{s}.size();
  GaussianEmission<R, S> emission(s, job.batch, p, group.series());
  CountSink<R, S> sink{s,
                       p,
                       {workspace, Group<R>::width},
                       job.counts + group.block * counts * lane_block + group.offset,
                       lane_block};
  sink.clear();
  run_both_ways<R, S>(job.batch, s, group, p, emission, workspace + counts * Group<R>::width,
                      job.log_likelihood, sink);
  sink.flush_partial();
  sink.finish();
}

template <class R, class S, class Emission>
void run_viterbi(const ViterbiJob<ScalarOf<R>>& job, int index, const ScalarOf<R>* source,
                 ScalarOf<R>* workspace) {
  using T = ScalarOf<R>;
  constexpr int width = Group<R>::width;
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  Emission emission(s, job.batch, p, source);
  const LogTransitions<R, S> logs{s, workspace, width};
  logs.fill(p);
  auto* origins =
      reinterpret_cast<std::uint8_t*>(workspace + std::ptrdiff_t{ParameterLayout<S>{s}.size()} * width);
  double totals[width] = {};
  R score[S::states_bound];
  for (int k = 0; k < s.states; ++k) score[k] = Lanes<R>::all(T{0});
  viterbi_forward<R, S>(s, logs, emission, job.batch.steps, group.lengths(), origins, width, totals, score);

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
    job.log_probability[group.block * lane_block + group.offset + i] = totals[i];
    std::uint8_t* path = job.path + (group.block * job.batch.steps) * lane_block + group.offset + i;
    for (std::int64_t t = job.batch.steps - 1; t >= 0; --t) {
      path[t * lane_block] = static_cast<std::uint8_t>(best);
      if (t < length) best = origins[(t * s.states + best) * width + i];
    }
  }
}

// Calls `body` with the shape fixed at compile time where there is such a kernel.
template <class Body>
void with_shape(const ShapeNumbers& n, const Body& body) {
  if (n == ShapeNumbers{1, 3, 4}) return body.template operator()<FixedShape<1, 3, 4>>();
  if (n == ShapeNumbers{3, 3, 4}) return body.template operator()<FixedShape<3, 3, 4>>();
  return body.template operator()<AnyShape>();
}

template <class T>
void forward(const ForwardJob<T>& job, int index) {
  using R = Pack<T>;
  const Group<R> group(job.batch, index);
  with_shape(job.batch.shape, [&]<class S>() {
    if (job.batch.emission_table == nullptr) {
      run_forward<R, S, GaussianEmission<R, S>>(job, index, group.series());
    } else {
      run_forward<R, S, TableEmission<R, S>>(job, index, group.table());
    }
  });
}

template <class T>
void smooth(const SmoothJob<T>& job, int index, T* workspace) {
  using R = Pack<T>;
  const Group<R> group(job.batch, index);
  with_shape(job.batch.shape, [&]<class S>() {
    if (job.batch.emission_table == nullptr) {
      run_smooth<R, S, GaussianEmission<R, S>>(job, index, group.series(), workspace);
    } else {
      run_smooth<R, S, TableEmission<R, S>>(job, index, group.table(), workspace);
    }
  });
}

template <class T>
void expectation(const ExpectationJob<T>& job, int index, T* workspace) {
  with_shape(job.batch.shape, [&]<class S>() { run_expectation<Pack<T>, S>(job, index, workspace); });
}

template <class T>
void viterbi(const ViterbiJob<T>& job, int index, T* workspace) {
  using R = Pack<T>;
  const Group<R> group(job.batch, index);
  with_shape(job.batch.shape, [&]<class S>() {
    if (job.batch.emission_table == nullptr) {
      run_viterbi<R, S, GaussianEmission<R, S>>(job, index, group.series(), workspace);
    } else {
      run_viterbi<R, S, TableEmission<R, S>>(job, index, group.table(), workspace);
    }
  });
}

template <class T>
constexpr LaneKernels<T> kernels{Lanes<Pack<T>>::width, forward<T>, smooth<T>, expectation<T>, viterbi<T>};

}  // namespace

const LaneKernels<float>& float_kernels() {
  return kernels<float>;
}
const LaneKernels<double>& double_kernels() {
  return kernels<double>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
