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

#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/transition_body.hpp"

namespace regent::cuda::hmm {

template <class R>
inline constexpr int pass_bars = pass_bars_of(Lanes<R>::width);

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

// Four sums side by side, which need not wait for each other.
template <class R, class S>
REGENT_BODY R sum_of(const S& s, const R* values) {
  R parts[4];
  for (int i = 0; i < 4; ++i) parts[i] = i < s.states ? values[i] : Lanes<R>::all(ScalarOf<R>{0});
  for (int k = 4; k < s.states; ++k) parts[k % 4] = parts[k % 4] + values[k];
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

template <class R, class S>
REGENT_BODY R dot_of(const S& s, const R* a, const R* b) {
  R parts[4];
  for (int i = 0; i < 4; ++i) parts[i] = i < s.states ? a[i] * b[i] : Lanes<R>::all(ScalarOf<R>{0});
  for (int k = 4; k < s.states; ++k) parts[k % 4] = fused(a[k], b[k], parts[k % 4]);
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
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

// b_t(k) of one bar from its log densities [K]; returns the shift.
template <class R, class S>
REGENT_BODY R relative_densities(const S& s, const R* logs, R* density) {
  R shift = logs[0];
  for (int k = 1; k < s.states; ++k) shift = maximum(shift, logs[k]);
  for (int k = 0; k < s.states; ++k) density[k] = bounded_exponential(logs[k] - shift);
  return shift;
}

// One bar from `predicted` (the start law, or the step from the bar before) and its densities, which a rescue
// replaces. logs(k): its log density, asked for by a rescue only. Whether there was a rescue.
template <class R, class S, class State, class Logs>
REGENT_BODY bool absorb_densities(const S& s, const R* predicted, R shift, R* density, State& state,
                                  const Logs& logs) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  for (int k = 0; k < s.states; ++k) state.weight[k] = predicted[k] * density[k];
  R sum = sum_of(s, state.weight);
  const auto small = sum < Lanes<R>::all(RescueBelow<T>::value) || shift < Lanes<R>::all(T(-1.5e30));
  const bool rescued = any(small);
  if (rescued) {
    // through copies, so that the usual way keeps its own in registers
    R predictions[S::states_bound], values[S::states_bound], densities[S::states_bound],
        weights[S::states_bound], shifts = shift;
    for (int k = 0; k < s.states; ++k) {
      predictions[k] = predicted[k];
      values[k] = logs(k);
      densities[k] = density[k];
      weights[k] = state.weight[k];
    }
    rescue<R, S>(s, small, predictions, values, densities, weights, shifts);
    shift = shifts;
    for (int k = 0; k < s.states; ++k) {
      density[k] = densities[k];
      state.weight[k] = weights[k];
    }
    sum = select(small, sum_of(s, weights), sum);
  }
  const R safe = select(zero < sum, sum, Lanes<R>::all(T{1}));
  R mantissa;
  state.exponent = state.exponent + Lanes<R>::split(safe, mantissa);
  state.shift = state.shift + shift;
  state.scale = Lanes<R>::inverse_power_of_two(safe);
  return rescued;
}

// One bar from its log densities [K]. density: [K] out.
template <class R, class S, class State>
REGENT_BODY void absorb(const S& s, const R* predicted, const R* logs, State& state, R* density) {
  const R shift = relative_densities(s, logs, density);
  absorb_densities(s, predicted, shift, density, state, [&](int k) { return logs[k]; });
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
REGENT_BODY double finish_log_likelihood(double shift, double exponent, double weight_sum) {
  if (weight_sum == 0) return -HUGE_VAL;
  return shift + (exponent * 0.69314718055994530942 + logarithm(weight_sum));
}

// What a pass knows of every bar before the chain through time.
template <class R>
struct BarDensities {
  BlockRows<R> logs;       // [K]
  BlockRows<R> densities;  // [K], relative to the largest
  Table<R> shifts;         // the largest log density
};

// Bars are independent of each other here, so the latency of the exponentials is hidden.
template <class R, class S>
REGENT_SERIES_BODY void block_densities(const S s, std::int64_t bars, const BarDensities<R> rows) {
  R logs[S::states_bound], density[S::states_bound];
  for (std::int64_t bar = 0; bar < bars; ++bar) {
    for (int k = 0; k < s.states; ++k) logs[k] = rows.logs.load(bar, k);
    rows.shifts.store(bar, relative_densities(s, logs, density));
    for (int k = 0; k < s.states; ++k) rows.densities.store(bar, k, density[k]);
  }
}

// Bars [first, end) of one group of lanes, all within one block of flush_every; `carried` is the state after
// the bar before. A lane that has ended keeps its last state. visit(shape, bar − first, state) is called
// after every bar. Whether any bar was rescued.
template <class R, class S, class Lengths, class Visit, class State>
REGENT_SERIES_BODY bool forward_block(const S s, const Rows<R> p, std::int64_t first, std::int64_t end,
                                      const Lengths lengths, const BarDensities<R> rows, State& carried,
                                      double* shifts, double* exponents, const Visit visit) {
  ForwardState<R, S> state;
  for (int k = 0; k < s.states; ++k) state.weight[k] = carried.weight[k];
  state.scale = carried.scale;
  state.shift = carried.shift;
  state.exponent = carried.exponent;
  R predicted[S::states_bound], density[S::states_bound];
  bool rescued = false;
  for (std::int64_t t = first; t < end; ++t) {
    read_parameters_again();
    if (t == 0) {
      predict_first(s, p, predicted);
    } else {
      predict_next(s, p, state, predicted);
    }
    ForwardState<R, S> next = state;
    for (int k = 0; k < s.states; ++k) density[k] = rows.densities.load(t - first, k);
    if (absorb_densities(s, predicted, rows.shifts.load(t - first), density, next,
                         [&](int k) { return rows.logs.load(t - first, k); })) {
      rescued = true;
      for (int k = 0; k < s.states; ++k) rows.densities.store(t - first, k, density[k]);
    }
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
    visit(s, t - first, state);
  }
  if (end % flush_every == 0) flush<R>(state, shifts, exponents);
  for (int k = 0; k < s.states; ++k) carried.weight[k] = state.weight[k];
  carried.scale = state.scale;
  carried.shift = state.shift;
  carried.exponent = state.exponent;
  return rescued;
}

}  // namespace regent::cuda::hmm
