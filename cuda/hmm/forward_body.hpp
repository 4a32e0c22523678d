#pragma once
// The forward pass, one bar at a time.
//   weight_t(k) ∝ b_t(k)·Σ_j weight_{t−1}(j)·P(j → k),  b_t(k) = exp(log density_t(k) − shift_t)
// shift_t is the largest log density of the bar, so b <= 1 and an outlier in every state stays finite.
// Weights are scaled to a sum in [1, 2) by exact powers of two, so no division or logarithm is needed per
// bar:
//   log-likelihood = Σ shift_t + ln 2·Σ exponent_t + log Σ_k scale_T·weight_T(k)
// The state holds weights before that scaling beside the scale: the products of the next bar then need not
// wait for it, and the scale meets them afterwards. Where the reachable states' densities all underflow
// beside that of an unreachable one, the bar is done again in logs, relative to the reachable ones. When
// nothing is reachable (a row of zeros) the lane's log-likelihood is −inf. Sums over time are kept in R for
// `flush_every` bars, then added to fp64. Method: Rabiner (1989), A Tutorial on Hidden Markov Models; scaling
// by powers of two is our own.

#include "cuda/hmm/transition_body.hpp"

namespace regent::cuda::hmm {

// Bars whose sums are in R before they go to fp64; passes over bars work on one such block at a time.
inline constexpr int flush_every = 64;

template <class T>
struct RescueBelow;  // of Σ weights before scaling
template <>
struct RescueBelow<float> {
  static constexpr float value = 1e-28F;
};
template <>
struct RescueBelow<double> {
  static constexpr double value = 1e-270;
};

template <class R, class S>
struct ForwardState {
  R weight[S::states_bound];  // before scaling
  R scale;                    // makes their sum lie in [1, 2)
  R shift, exponent;          // partial sums since the last flush
};

template <class R, class S>
REGENT_BODY void start_forward(const S& s, ForwardState<R, S>& state) {
  for (int k = 0; k < s.states; ++k) state.weight[k] = Lanes<R>::all(ScalarOf<R>{0});
  state.scale = Lanes<R>::all(ScalarOf<R>{1});
  state.shift = state.exponent = Lanes<R>::all(ScalarOf<R>{0});
}

template <class R, class S>
REGENT_BODY R sum_of(const S& s, const R* values) {
  R sum = values[0];
  for (int k = 1; k < s.states; ++k) sum = sum + values[k];
  return sum;
}

// The bar in logs, relative to the largest density among reachable states; lanes that need it only.
template <class R, class S>
REGENT_COLD_BODY void rescue(const S& s, MaskOf<R> lanes, const R* predicted, const R* logs, R* density,
                             R* weight, R& shift) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0}), lowest = Lanes<R>::all(impossible<T>);
  R best_density = lowest, best_joint = lowest;
  for (int k = 0; k < s.states; ++k) {
    const auto reachable = zero < predicted[k];
    const R value = select(reachable, logs[k], lowest);
    best_density = maximum(best_density, value);
    best_joint = maximum(best_joint, select(reachable, value + logarithm(predicted[k]), lowest));
  }
  const auto lost = !(lowest < best_density);
  for (int k = 0; k < s.states; ++k) {
    const auto reachable = zero < predicted[k];
    const R joint = exponential(logs[k] + logarithm(predicted[k]) - best_joint);
    density[k] = select(lanes, select(reachable, exponential(logs[k] - best_density), zero), density[k]);
    weight[k] = select(lanes, select(reachable, joint, zero), weight[k]);
  }
  // weight was taken relative to best_joint; a lost lane keeps weights of zero and an infinite shift
  shift = select(lanes, select(lost, Lanes<R>::all(T(-HUGE_VAL)), best_joint), shift);
}

// One bar from `predicted` (the start law, or the step from the bar before) and its log densities [K].
// density: [K] out, b_t(k).
template <class R, class S, class State>
REGENT_BODY void absorb(const S& s, const R* predicted, const R* logs, State& state, R* density) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  R shift = logs[0];
  for (int k = 1; k < s.states; ++k) shift = maximum(shift, logs[k]);
  R sum = zero;
  for (int k = 0; k < s.states; ++k) {
    density[k] = exponential(logs[k] - shift);
    state.weight[k] = predicted[k] * density[k];
    sum = sum + state.weight[k];
  }
  const auto small = sum < Lanes<R>::all(RescueBelow<T>::value) || shift < Lanes<R>::all(T(-1.5e30));
  if (any(small)) {
    // through copies, so that the usual way keeps its own in registers
    R predictions[S::states_bound], values[S::states_bound], densities[S::states_bound],
        weights[S::states_bound], shifts = shift;
    for (int k = 0; k < s.states; ++k) {
      predictions[k] = predicted[k];
      values[k] = logs[k];
      densities[k] = density[k];
      weights[k] = state.weight[k];
    }
    rescue<R, S>(s, small, predictions, values, densities, weights, shifts);
    R again = zero;
    shift = shifts;
    for (int k = 0; k < s.states; ++k) {
      density[k] = densities[k];
      state.weight[k] = weights[k];
      again = again + weights[k];
    }
    sum = select(small, again, sum);
  }
  const R safe = select(zero < sum, sum, Lanes<R>::all(T{1}));
  R mantissa;
  state.exponent = state.exponent + Lanes<R>::split(safe, mantissa);
  state.shift = state.shift + shift;
  state.scale = Lanes<R>::inverse_power_of_two(safe);
}

// Moves the partial sums into fp64: totals[0..width) += shift, exponents[0..width) += exponent.
template <class R, class State>
REGENT_BODY void flush(State& state, double* shifts, double* exponents) {
  Lanes<R>::add_to(shifts, state.shift);
  Lanes<R>::add_to(exponents, state.exponent);
  state.shift = state.exponent = Lanes<R>::all(ScalarOf<R>{0});
}

// The predicted law of the first bar, and of a later one.
template <class R, class S>
REGENT_BODY void predict_first(const S& s, const Rows<R>& p, R* predicted) {
  const ParameterLayout<S> layout{s};
  for (int k = 0; k < s.states; ++k) predicted[k] = p(layout.start(k));
}
template <class R, class S, class State>
REGENT_BODY void predict_next(const S& s, const Rows<R>& p, const State& state, R* predicted) {
  step_forward(s, p, state.weight, predicted);
  for (int k = 0; k < s.states; ++k) predicted[k] = predicted[k] * state.scale;
}

// log-likelihood of one lane from its totals and the sum of its last scaled weights (0: −inf, NaN: NaN)
REGENT_HD inline double finish_log_likelihood(double shift, double exponent, double weight_sum) {
  if (weight_sum == 0) return -HUGE_VAL;
  return shift + (exponent * 0.69314718055994530942 + logarithm(weight_sum));
}

// Bars [first, end) of one group of lanes, at most flush_every of them and within one such block; `carried`
// is the state after the bar before. logs: log densities, a row of K for every bar. A lane that has ended
// keeps its last state. visit(shape, bar − first, state, density) is called after every bar.
template <class R, class S, class Lengths, class Visit, class State>
REGENT_SERIES_BODY void forward_block(const S s, const Rows<R> p, std::int64_t first, std::int64_t end,
                                      const Lengths lengths, const BlockRows<R> log_rows, State& carried,
                                      double* shifts, double* exponents, const Visit visit) {
  ForwardState<R, S> state;
  for (int k = 0; k < s.states; ++k) state.weight[k] = carried.weight[k];
  state.scale = carried.scale;
  state.shift = carried.shift;
  state.exponent = carried.exponent;
  R predicted[S::states_bound], density[S::states_bound], logs[S::states_bound];
  for (std::int64_t t = first; t < end; ++t) {
    read_parameters_again();
    for (int k = 0; k < s.states; ++k) logs[k] = log_rows.load(t - first, k);
    if (t == 0) {
      predict_first(s, p, predicted);
    } else {
      predict_next(s, p, state, predicted);
    }
    ForwardState<R, S> next = state;
    absorb(s, predicted, logs, next, density);
    if (!lengths.all_alive(t)) {
      const auto alive = lengths.alive(t);
      for (int k = 0; k < s.states; ++k) next.weight[k] = select(alive, next.weight[k], state.weight[k]);
      next.scale = select(alive, next.scale, state.scale);
      next.shift = select(alive, next.shift, state.shift);
      next.exponent = select(alive, next.exponent, state.exponent);
    }
    for (int k = 0; k < s.states; ++k) state.weight[k] = next.weight[k];
    state.scale = next.scale;
    state.shift = next.shift;
    state.exponent = next.exponent;
    visit(s, t - first, state, density);
  }
  if (end % flush_every == 0) flush<R>(state, shifts, exponents);
  for (int k = 0; k < s.states; ++k) carried.weight[k] = state.weight[k];
  carried.scale = state.scale;
  carried.shift = state.shift;
  carried.exponent = state.exponent;
}

}  // namespace regent::cuda::hmm
