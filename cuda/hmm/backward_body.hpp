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
  BlockRows<R> weights;    // [K], scaled
  BlockRows<R> densities;  // [K]
};

template <class R>
struct BackwardState {
  R ahead[states_max];  // b·β of the bar after
  MaskOf<R> vanished;
};

// Bars [first, end), last to first, of which `kept` holds the first at its first row. `carried` comes from
// the pass after. `terminal` [K]: β of the last bar, nullptr: one. The sink is told of every bar:
// posterior(bar − first, γ), transition(bar − first, weight/n, ahead, welcome, outlook) where another bar
// follows, else no_transition(bar − first).
template <class R, class S, class Lengths, class Sink>
REGENT_SERIES_BODY void backward_block(const S s, const Rows<R> p, std::int64_t first, std::int64_t end,
                                       std::int64_t steps, const Lengths lengths, const KeptBars<R> kept,
                                       const ScalarOf<R>* terminal, BackwardState<R>& carried,
                                       const Sink given) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
  Sink sink = given;
  sink.begin();
  R ahead[S::states_bound], from[S::states_bound], weight[S::states_bound], posterior[S::states_bound];
  R welcome[S::states_bound], outlook[S::states_bound];
  for (int k = 0; k < s.states; ++k) ahead[k] = carried.ahead[k];
  for (std::int64_t t = end - 1; t >= first; --t) {
    read_parameters_again();
    for (int k = 0; k < s.states; ++k) weight[k] = kept.weights.load(t - first, k);
    const bool last = t + 1 == steps, all_go_on = !last && lengths.all_alive(t + 1);
    if (!last) step_backward(s, p, ahead, from, welcome, outlook);
    if (!all_go_on) {
      const auto goes_on = last ? zero < zero : lengths.alive(t + 1);
      for (int k = 0; k < s.states; ++k) {
        const R end_value = terminal == nullptr ? one : Lanes<R>::load(terminal + k * lane_block);
        from[k] = last ? end_value : select(goes_on, from[k], end_value);
      }
    }
    const R joint = dot_of(s, weight, from), size = sum_of(s, from);
    const auto vanishes = !(Lanes<R>::all(VanishBelow<T>::value) < joint);
    R inverse = one / joint;
    if (any(vanishes)) {
      carried.vanished = carried.vanished || vanishes;
      inverse = select(vanishes, zero, inverse);
    }
    if (!lengths.all_alive(t)) inverse = select(lengths.alive(t), inverse, zero);
    for (int k = 0; k < s.states; ++k) {
      weight[k] = weight[k] * inverse;
      posterior[k] = weight[k] * from[k];
    }
    const R scale = Lanes<R>::inverse_power_of_two(select(zero < size, size, one));
    R before[S::states_bound];
    for (int k = 0; k < s.states; ++k) before[k] = kept.densities.load(t - first, k) * (from[k] * scale);
    if (last) {
      sink.no_transition(t - first);
    } else {
      if (!all_go_on) {
        const auto goes_on = lengths.alive(t + 1);
        for (int k = 0; k < s.states; ++k) {
          weight[k] = select(goes_on, weight[k], zero);
          ahead[k] = select(goes_on, ahead[k], zero);
        }
      }
      sink.transition(t - first, weight, ahead, welcome, outlook);
    }
    sink.posterior(t - first, posterior);
    for (int k = 0; k < s.states; ++k) ahead[k] = before[k];
  }
  for (int k = 0; k < s.states; ++k) carried.ahead[k] = ahead[k];
  sink.finish();
}

// Writes posteriors only.
template <class R, class S>
struct PosteriorSink {
  S s;
  Table<R, lane_block> out;  // [bars of the pass, K]
  REGENT_BODY void begin() const {}
  REGENT_BODY void posterior(std::int64_t bar, const R* values) const {
    for (int k = 0; k < s.states; ++k) out.store(bar * s.states + k, values[k]);
  }
  REGENT_BODY void transition(std::int64_t, const R*, const R*, const R*, const R*) const {}
  REGENT_BODY void no_transition(std::int64_t) const {}
  REGENT_BODY void finish() const {}
};

}  // namespace regent::cuda::hmm
