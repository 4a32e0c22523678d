#pragma once
// The backward pass and what it yields. With ahead_{t+1}(k) = b_{t+1}(k)·β_{t+1}(k) and from_t =
// P·ahead_{t+1}:
//   n_t = Σ_k weight_t(k)·from_t(k);   posterior_t(k) = weight_t(k)·from_t(k) / n_t;   β_t ∝ from_t
//   Σ_t posterior(k at t, k' at t+1) = P(k → k')·Σ_t weight_t(k)/n_t · ahead_{t+1}(k')
// b·β is scaled by its own size, to a sum in [1, 2) by a power of two, not by the forward constants: it never
// overflows where a forward weight underflows, and what comes from it is of the size of one. When n_t still
// vanishes (the float pass lost the only path) the lane says so by a NaN log-likelihood, and the caller runs
// it again in double. Method: Baum, Petrie, Soules, Weiss (1970); Rabiner (1989).

#include "cuda/hmm/forward_body.hpp"

namespace regent::cuda::hmm {

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

// What is kept of the bars of a pass.
template <class R>
struct KeptBars {
  BlockRows<R> weights;    // [K], before scaling
  BlockRows<R> densities;  // [K]
  REGENT_BODY KeptBars of(int states) const { return {weights.of(states), densities.of(states)}; }
};

template <class R>
REGENT_BODY MaskOf<R> vanishing(R joint) {
  return !(Lanes<R>::all(VanishBelow<ScalarOf<R>>::value) < joint);
}

template <class R>
struct BackwardState {
  R ahead[states_max];  // b·β of the bar after
  MaskOf<R> vanished;
};

// Scales b·β [K], which sum to `size`, to a sum in [1, 2). Nothing stays nothing.
template <class R, class S>
REGENT_BODY void scale_ahead(const S& s, R size, R* ahead) {
  const R scale = Lanes<R>::inverse_power_of_two(size);
  for (int k = 0; k < s.states; ++k) ahead[k] = ahead[k] * scale;
}

// One bar, whatever it is: the last, one beyond the end of a lane, one where the joint weight vanishes.
template <class R, class S, class Lengths, class Sink>
REGENT_SERIES_BODY void backward_bar(const S s, const Rows<R> p, std::int64_t t, std::int64_t steps,
                                     const Lengths lengths, const KeptBars<R> kept,
                                     const ScalarOf<R>* terminal, BackwardState<R>& state, Sink& sink,
                                     std::int64_t bar) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
  R ahead[S::states_bound], from[S::states_bound], welcome[S::states_bound], outlook[S::states_bound];
  const bool last = t + 1 == steps;
  const auto goes_on = last ? zero < zero : lengths.alive(t + 1);
  for (int k = 0; k < s.states; ++k) ahead[k] = last ? zero : select(goes_on, state.ahead[k], zero);
  step_backward(s, p, ahead, from, welcome, outlook);
  for (int k = 0; k < s.states; ++k) {
    const R end_value =
        terminal == nullptr ? one : select(lengths.whole, Lanes<R>::load(terminal + k * lane_block), one);
    from[k] = select(goes_on, from[k], end_value);
  }
  R weight[S::states_bound], scaled[S::states_bound];
  for (int k = 0; k < s.states; ++k) weight[k] = kept.weights.load(0, k);
  // lanes that are usual are not scaled, as in backward_usual: which of the two a lane goes through depends
  // on its neighbours
  const R size = sum_of(s, from), unit = Lanes<R>::inverse_power_of_two(select(zero < size, size, one));
  const R scale = select(goes_on && !vanishing(dot_of(s, weight, from)), one, unit);
  for (int k = 0; k < s.states; ++k) scaled[k] = from[k] * scale;
  const R joint = dot_of(s, weight, scaled);
  const auto vanishes = vanishing(joint);
  state.vanished = state.vanished || vanishes;
  const auto counts = lengths.alive(t) && !vanishes;
  const R inverse = select(counts, one / joint, zero);
  for (int k = 0; k < s.states; ++k) {
    const R share = weight[k] * inverse;
    state.ahead[k] = kept.densities.load(0, k) * scaled[k];
    sink.posterior(bar, k, share * scaled[k]);
    weight[k] = select(goes_on, share * scale, zero);
    sink.weight(bar, k, weight[k]);
  }
  scale_ahead(s, sum_of(s, state.ahead), state.ahead);
  sink.ahead(bar, ahead);
  sink.transition(bar, weight, ahead, welcome, outlook);
}

// What was kept of one bar. A GPU's thread that holds few states reads it while the bar after is worked on;
// the CPU's caches are near and its registers few.
template <class R, class S>
struct KeptBar {
  static constexpr bool held = S::fixed_states && Lanes<R>::width == 1 && S::states_bound <= 9;
  static constexpr int size = held ? S::states_bound : 1;
  const KeptBars<R>& kept;
  R weights[size], densities[size];

  REGENT_BODY void read(const S& s, std::int64_t bar) {
    if constexpr (held) {
      for (int k = 0; k < s.states; ++k) {
        weights[k] = kept.weights.load(bar, k);
        densities[k] = kept.densities.load(bar, k);
      }
    }
  }
  // bar: that which was read last
  REGENT_BODY R weight(std::int64_t bar, int k) const {
    if constexpr (held) {
      return weights[k];
    } else {
      return kept.weights.load(bar, k);
    }
  }
  REGENT_BODY R density(std::int64_t bar, int k) const {
    if constexpr (held) {
      return densities[k];
    } else {
      return kept.densities.load(bar, k);
    }
  }
};

// Bars [first, t], last to first, as long as they are usual, each followed by another in every lane; the bar
// at which it stopped. No call within, so that the state stays in registers.
template <class R, class S, class Sink>
REGENT_SERIES_BODY std::int64_t backward_usual(const S s, const Rows<R> p, std::int64_t first, std::int64_t t,
                                               const KeptBars<R> rows, BackwardState<R>& carried,
                                               Sink& given) {
  Sink sink = given;
  const KeptBars<R> kept = rows.of(s.states);
  sink.begin();
  R ahead[S::states_bound], from[S::states_bound], welcome[S::states_bound], outlook[S::states_bound];
  for (int k = 0; k < s.states; ++k) ahead[k] = carried.ahead[k];
  KeptBar<R, S> own{kept, {}, {}};
  own.read(s, t - first);
  for (; t >= first; --t) {
    read_parameters_again();
    const std::int64_t bar = t - first;
    sink.ahead(bar, ahead);
    step_backward(s, p, ahead, from, welcome, outlook);
    R weight[S::states_bound];
    for (int k = 0; k < s.states; ++k) weight[k] = own.weight(bar, k);
    const R joint = dot_of(s, weight, from);
    if (any(vanishing(joint))) break;
    const R inverse = Lanes<R>::all(ScalarOf<R>{1}) / joint;
    R before[S::states_bound];  // the bar's own b·β
    for (int k = 0; k < s.states; ++k) {
      before[k] = own.density(bar, k) * from[k];
      weight[k] = own.weight(bar, k) * inverse;
      sink.weight(bar, k, weight[k]);
      sink.posterior(bar, k, weight[k] * from[k]);
    }
    scale_ahead(s, sum_of(s, before), before);
    own.read(s, bar > 0 ? bar - 1 : 0);
    sink.transition(bar, weight, ahead, welcome, outlook);
    for (int k = 0; k < s.states; ++k) ahead[k] = before[k];
  }
  for (int k = 0; k < s.states; ++k) carried.ahead[k] = ahead[k];
  sink.finish();
  return t;
}

// Wants nothing but where the way back arrives.
struct NoSink {
  REGENT_BODY void begin() const {}
  template <class R>
  REGENT_BODY void ahead(std::int64_t, const R*) const {}
  template <class R>
  REGENT_BODY void weight(std::int64_t, int, R) const {}
  template <class R>
  REGENT_BODY void posterior(std::int64_t, int, R) const {}
  template <class R>
  REGENT_BODY void transition(std::int64_t, const R*, const R*, const R*, const R*) const {}
  REGENT_BODY void finish() const {}
};

// As above, for NoSink: β and nothing else.
template <class R, class S>
REGENT_SERIES_BODY std::int64_t backward_usual(const S s, const Rows<R> p, std::int64_t first, std::int64_t t,
                                               const KeptBars<R> rows, BackwardState<R>& carried, NoSink&) {
  const BlockRows<R> densities = rows.densities.of(s.states);
  R ahead[S::states_bound], before[S::states_bound], welcome[S::states_bound], outlook[S::states_bound];
  for (int k = 0; k < s.states; ++k) ahead[k] = carried.ahead[k];
  for (; t >= first; --t) {
    step_backward(s, p, ahead, before, welcome, outlook);
    for (int k = 0; k < s.states; ++k) before[k] = densities.load(t - first, k) * before[k];
    const R size = sum_of(s, before);
    if (any(!(Lanes<R>::all(ScalarOf<R>{0}) < size))) break;
    scale_ahead(s, size, before);
    for (int k = 0; k < s.states; ++k) ahead[k] = before[k];
  }
  for (int k = 0; k < s.states; ++k) carried.ahead[k] = ahead[k];
  return t;
}

// Bars [first, end), last to first, of which `kept` holds the first at its first row. `state` comes from the
// pass after. `terminal` [K]: β of the last bar, nullptr: one. The sink is told of every bar: ahead(bar −
// first, ahead), weight(bar − first, k, weight_k/n) and transition(bar − first, weight/n, ahead, welcome,
// outlook), of zeros where no bar follows, and posterior(bar − first, k, γ_k). It may put weights and
// posteriors where the bar's kept weights and densities were.
template <class R, class S, class Lengths, class Sink>
REGENT_BODY void backward_block(const S& s, const Rows<R>& p, std::int64_t first, std::int64_t end,
                                std::int64_t steps, const Lengths& lengths, const KeptBars<R>& kept,
                                const ScalarOf<R>* terminal, BackwardState<R>& state, Sink sink) {
  for (std::int64_t t = end - 1; t >= first;) {
    if (t + 1 < lengths.common) t = backward_usual(s, p, first, t, kept, state, sink);
    if (t < first) break;
    sink.begin();
    backward_bar(s, p, t, steps, lengths,
                 KeptBars<R>{kept.weights.from(t - first), kept.densities.from(t - first)}, terminal, state,
                 sink, t - first);
    sink.finish();
    --t;
  }
}

// Writes posteriors only.
template <class R, class S>
struct PosteriorSink {
  S s;
  Table<R, lane_block> out;  // [bars of the pass, K]
  REGENT_BODY void begin() const {}
  REGENT_BODY void ahead(std::int64_t, const R*) const {}
  REGENT_BODY void weight(std::int64_t, int, R) const {}
  REGENT_BODY void posterior(std::int64_t bar, int k, R value) const { out.store(bar * s.states + k, value); }
  REGENT_BODY void transition(std::int64_t, const R*, const R*, const R*, const R*) const {}
  REGENT_BODY void finish() const {}
};

}  // namespace regent::cuda::hmm
