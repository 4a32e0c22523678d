#pragma once
// One group of neighbouring lanes: where it finds its rows, and its forward pass.

#include "cuda/hmm/forward_body.hpp"
#include "cuda/hmm/jobs.hpp"

namespace regent::cuda::hmm {

template <class R>
struct GroupLengths {
  R lengths;
  std::int64_t common;  // the shortest
  MaskOf<R> whole;      // lanes whose last bar is that of their series
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
    const R steps = Lanes<R>::all(static_cast<T>(batch.steps));
    GroupLengths<R> result{steps, batch.steps, steps == steps};
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
  return {s, p, group.series(), group.batch.shared, group.batch.steps, nullptr};
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
  ScalarOf<R>* filtered;  // posteriors of the pass's first bar
  BlockRows<R> weights;   // from the pass's first bar on, before scaling
  REGENT_BODY bool keeps_weights() const { return weights.rows.base != nullptr; }
  template <class S>
  REGENT_BODY AfterBar from(const S& s, std::int64_t bar) const {
    AfterBar result = *this;
    if (filtered != nullptr) result.filtered += bar * s.states * lane_block;
    if (keeps_weights()) result.weights = weights.from(bar);
    return result;
  }
  template <class S, class State>
  REGENT_BODY void operator()(const S& s, std::int64_t bar, const State& now) const {
    if (filtered != nullptr) {
      const R inverse = Lanes<R>::all(1) / sum_of(s, now.weight);
      for (int k = 0; k < s.states; ++k)
        Lanes<R>::store(filtered + (bar * s.states + k) * lane_block, now.weight[k] * inverse);
    }
    if (keeps_weights()) {
      for (int k = 0; k < s.states; ++k) weights.of(s.states).store(bar, k, now.weight[k]);
    }
  }
};

// The forward pass of one group, at most pass_bars at a time.
template <class R, class S, class Emission>
struct ForwardPass {
  const S s;
  const Rows<R> p;
  Emission emission;
  const GroupLengths<R> lengths;
  ForwardState<R, S> state;
  Totals<R> totals;

  // `rows`: prepared_rows.
  REGENT_BODY ForwardPass(const Group<R>& group, const Table<R>& rows)
      : s(group.batch.shape),
        p(group.parameters(s)),
        emission(make_emission(s, group, p, static_cast<const Emission*>(nullptr))),
        lengths(group.lengths()) {
    emission.prepare(rows);
    start_forward(s, state);
    totals.clear();
  }
  REGENT_BODY void run(std::int64_t first, std::int64_t end, const BarDensities<R>& rows,
                       const AfterBar<R>& visit) {
    emission.densities(first, end, rows);
    run_found(first, end, rows, visit);
  }
  // Where the densities have been found before.
  REGENT_BODY void run_found(std::int64_t first, std::int64_t end, const BarDensities<R>& rows,
                             const AfterBar<R>& visit) {
    with_states<R>(s, [&](const auto& fixed) {
      forward_block(fixed, p, first, end, lengths, rows, emission, state, totals.shifts, totals.exponents,
                    visit);
    });
  }
  REGENT_BODY void save(const BlockRows<R>& rows, std::int64_t which) const {
    for (int k = 0; k < s.states; ++k) rows.store(which, k, state.weight[k]);
    rows.store(which, s.states, state.scale);
  }
  REGENT_BODY void restore(const BlockRows<R>& rows, std::int64_t which) {
    for (int k = 0; k < s.states; ++k) state.weight[k] = rows.load(which, k);
    state.scale = rows.load(which, s.states);
  }
  REGENT_BODY void finish(double* log_likelihood) {
    flush<R>(state, totals.shifts, totals.exponents);
    totals.finish(sum_of(s, state.weight) * state.scale, log_likelihood);
  }
};

template <class R>
REGENT_HD inline std::int64_t end_of_pass(std::int64_t first, std::int64_t end) {
  return first + pass_bars<R> < end ? first + pass_bars<R> : end;
}

}  // namespace regent::cuda::hmm
