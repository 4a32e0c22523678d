#pragma once
// The backward pass and what it yields. With ahead_{t+1}(k) = b_{t+1}(k)·β_{t+1}(k) and from_t =
// P·ahead_{t+1}:
//   n_t = Σ_k weight_t(k)·from_t(k);   posterior_t(k) = weight_t(k)·from_t(k) / n_t;   β_t = from_t / power
//   of two Σ_t posterior(k at t, k' at t+1) = P(k → k')·Σ_t weight_t(k)/n_t · ahead_{t+1}(k')
// β is scaled by its own size, not by the forward constants: it never overflows where a forward weight
// underflows. When n_t still vanishes (the float pass lost the only path) the lane says so by a NaN
// log-likelihood, and the caller runs it again in double. Method: Baum, Petrie, Soules, Weiss (1970); Rabiner
// (1989).

#include "cuda/hmm/forward_body.hpp"

namespace regent::cuda::hmm {

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
  REGENT_BODY void add(std::ptrdiff_t row, R value) const { store(row, load(row) + value); }
  REGENT_BODY void add_product(std::ptrdiff_t row, R a, R b) const { store(row, fused(a, b, load(row))); }
};

template <class T>
struct VanishBelow;
template <>
struct VanishBelow<float> {
  static constexpr float value = 1e-34F;
};
template <>
struct VanishBelow<double> {
  static constexpr double value = 1e-290;
};

// Rows of the store: weight [K] and density [K] of every bar of the segment.
template <class R, class S>
struct SegmentStore {
  Table<R> rows;
  std::int64_t first;
  int states;
  REGENT_BODY void keep(std::int64_t t, const ForwardState<R, S>& state, const R* density) const {
    const std::int64_t row = (t - first) * 2 * states;
    for (int k = 0; k < states; ++k) rows.store(row + k, state.weight[k]);
    for (int k = 0; k < states; ++k) rows.store(row + states + k, density[k]);
  }
  REGENT_BODY R weight(std::int64_t t, int k) const { return rows.load((t - first) * 2 * states + k); }
  REGENT_BODY R density(std::int64_t t, int k) const {
    return rows.load((t - first) * 2 * states + states + k);
  }
};

template <class R, class S>
struct BackwardState {
  R ahead[S::states_bound];  // b·β of the bar after
  MaskOf<R> vanished;
};

// Bars [first, end), last to first. `carried` comes from the segment after.
template <class R, class S, class Emission, class Lengths, class Sink>
REGENT_SERIES_BODY void backward_series(const S s, const Rows<R> p, Emission emission, std::int64_t first,
                                        std::int64_t end, std::int64_t steps, const Lengths lengths,
                                        const SegmentStore<R, S> store, BackwardState<R, S>& carried,
                                        const Sink sink) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
  BackwardState<R, S> state = carried;
  R from[S::states_bound], weight[S::states_bound], posterior[S::states_bound];
  R welcome[S::states_bound], outlook[S::states_bound];
  for (std::int64_t t = end - 1; t >= first; --t) {
    read_parameters_again();
    for (int k = 0; k < s.states; ++k) weight[k] = store.weight(t, k);
    const bool all_go_on = t + 1 < steps && lengths.all_alive(t + 1);
    if (t + 1 < steps) {
      step_backward(s, p, state.ahead, from, welcome, outlook);
    } else {
      for (int k = 0; k < s.states; ++k) from[k] = one;
    }
    if (t + 1 < steps && !all_go_on) {
      const auto goes_on = lengths.alive(t + 1);
      for (int k = 0; k < s.states; ++k) from[k] = select(goes_on, from[k], one);
    }
    R joint = zero, size = zero;
    for (int k = 0; k < s.states; ++k) {
      joint = fused(weight[k], from[k], joint);
      size = size + from[k];
    }
    const auto vanishes = !(Lanes<R>::all(VanishBelow<T>::value) < joint);
    R inverse = one / joint;
    if (any(vanishes)) {
      state.vanished = state.vanished || vanishes;
      inverse = select(vanishes, zero, inverse);
    }
    if (!lengths.all_alive(t)) inverse = select(lengths.alive(t), inverse, zero);
    for (int k = 0; k < s.states; ++k) {
      weight[k] = weight[k] * inverse;
      posterior[k] = weight[k] * from[k];
    }
    emission.load(t);
    sink.posterior(t, posterior, emission);
    if (t + 1 < steps) {
      if (!all_go_on) {
        const auto goes_on = lengths.alive(t + 1);
        for (int k = 0; k < s.states; ++k) {
          weight[k] = select(goes_on, weight[k], zero);
          state.ahead[k] = select(goes_on, state.ahead[k], zero);
        }
      }
      sink.transition(weight, state.ahead, welcome, outlook);
    }
    const auto sized = zero < size;
    const R scale = Lanes<R>::inverse_power_of_two(select(sized, size, one));
    for (int k = 0; k < s.states; ++k) state.ahead[k] = store.density(t, k) * (from[k] * scale);
    sink.end_of_bar(t);
  }
  carried = state;
}

// Writes posteriors only.
template <class R, class S>
struct PosteriorSink {
  S s;
  Table<R, lane_block> out;  // [steps, K]
  template <class Emission>
  REGENT_BODY void posterior(std::int64_t t, const R* values, const Emission&) const {
    for (int k = 0; k < s.states; ++k) out.store(t * s.states + k, values[k]);
  }
  REGENT_BODY void transition(const R*, const R*, const R*, const R*) const {}
  REGENT_BODY void end_of_bar(std::int64_t) const {}
};

}  // namespace regent::cuda::hmm
