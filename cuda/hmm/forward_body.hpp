#pragma once
// The forward pass, one bar at a time.
//   weight_t(k) ∝ b_t(k)·Σ_j weight_{t−1}(j)·P(j → k),  b_t(k) = exp(log density_t(k) − shift_t)
// shift_t is at least the largest log density of the bar, so b <= 1: of a bar that lacks nothing one number
// for the whole series, else the largest log density itself. Weights are scaled to a sum in [1, 2) by exact
// powers of two, so no division or logarithm is needed per bar:
//   log-likelihood = Σ shift_t + ln 2·Σ exponent_t + log Σ_k scale_T·weight_T(k)
// The state holds weights before that scaling beside the scale: the products of the next bar then need not
// wait for it, and the scale meets them afterwards. Where the reachable states' densities all underflow, an
// outlier in every one of them, the bar is done again in logs, relative to the reachable ones. When nothing
// is reachable (a row of zeros) the lane's log-likelihood is −inf. Sums over time are kept in R for
// `flush_every` bars, then added to fp64. Method: Rabiner (1989), A Tutorial on Hidden Markov Models; scaling
// by powers of two is our own.

#include "cuda/hmm/jobs.hpp"
#include "cuda/hmm/transition_body.hpp"

namespace regent::cuda::hmm {

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

template <class R>
REGENT_BODY MaskOf<R> needs_rescue(R sum) {
  return sum < Lanes<R>::all(RescueBelow<ScalarOf<R>>::value);
}
// After a bar whose weights have this sum > 0.
template <class R, class State>
REGENT_BODY void take_scale(State& state, R sum, R shift) {
  R mantissa;
  state.exponent = state.exponent + Lanes<R>::split(sum, mantissa);
  state.shift = state.shift + shift;
  state.scale = Lanes<R>::inverse_power_of_two(sum);
}

// One bar from `predicted` (the start law, or the step from the bar before) and its densities, which a rescue
// replaces. logs(out): its log densities [K], asked for by a rescue only. Whether there was a rescue.
template <class R, class S, class State, class Logs>
REGENT_BODY bool absorb_densities(const S& s, const R* predicted, R shift, R* density, State& state,
                                  const Logs& logs) {
  using T = ScalarOf<R>;
  const R zero = Lanes<R>::all(T{0});
  for (int k = 0; k < s.states; ++k) state.weight[k] = predicted[k] * density[k];
  R sum = sum_of(s, state.weight);
  const auto small = needs_rescue(sum);
  const bool rescued = any(small);
  if (rescued) {
    // through copies, so that the usual way keeps its own in registers
    R predictions[S::states_bound] = {}, values[S::states_bound] = {}, densities[S::states_bound] = {},
      weights[S::states_bound] = {}, shifts = shift;
    logs(values);
    for (int k = 0; k < s.states; ++k) {
      predictions[k] = predicted[k];
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
  take_scale(state, select(zero < sum, sum, Lanes<R>::all(T{1})), shift);
  return rescued;
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
template <class R, class S, class Parameters, class State>
REGENT_BODY void predict_next(const S& s, const Parameters& p, const State& state, R* predicted) {
  step_forward(s, p, state.weight, predicted);
  for (int k = 0; k < s.states; ++k) predicted[k] = predicted[k] * state.scale;
}

// log-likelihood of one lane from its totals and the sum of its last scaled weights (0: −inf, NaN: NaN)
REGENT_BODY double finish_log_likelihood(double shift, double exponent, double weight_sum) {
  if (weight_sum == 0) return -HUGE_VAL;
  return shift + (exponent * 0.69314718055994530942 + logarithm(weight_sum));
}

template <class S, class From, class To>
REGENT_BODY void copy_state(const S& s, const From& from, To& to) {
  for (int k = 0; k < s.states; ++k) to.weight[k] = from.weight[k];
  to.scale = from.scale;
  to.shift = from.shift;
  to.exponent = from.exponent;
}

// One bar, whatever it is: the first, one to be rescued, one beyond the end of a lane, which keeps its last
// state. `keep`: the densities that a rescue finds, for the way back.
template <class R, class S, class Lengths, class State, class Emission>
REGENT_SERIES_BODY void forward_bar(const S s, const Rows<R> p, std::int64_t t, const Lengths lengths,
                                    const BarDensities<R> row, const Emission& emission, bool keep,
                                    State& state) {
  R predicted[S::states_bound], density[S::states_bound];
  ForwardState<R, S> next;
  copy_state(s, state, next);
  if (t == 0) {
    predict_first(s, p, predicted);
  } else {
    predict_next(s, p, next, predicted);
  }
  for (int k = 0; k < s.states; ++k) density[k] = row.densities.load(0, k);
  const bool rescued = absorb_densities(s, predicted, row.shifts.load(0), density, next,
                                        [&](R* logs) { emission.logs_of_bar(t, logs); });
  if (rescued && keep) {
    for (int k = 0; k < s.states; ++k) row.densities.store(0, k, density[k]);
  }
  const auto alive = lengths.alive(t);
  for (int k = 0; k < s.states; ++k) state.weight[k] = select(alive, next.weight[k], state.weight[k]);
  state.scale = select(alive, next.scale, state.scale);
  state.shift = select(alive, next.shift, state.shift);
  state.exponent = select(alive, next.exponent, state.exponent);
}

// Bars [first, end) as long as they are usual; first > 0. The bar at which it stopped. No call within, so
// that the state stays in registers; `carried` becomes the state of the last bar if all are usual, else it
// stays.
template <class R, class S, class Visit, class State>
REGENT_SERIES_BODY std::int64_t try_usual(const S s, const Rows<R> p, std::int64_t first, std::int64_t end,
                                          const BarDensities<R> rows, State& carried, const Visit visit) {
  ForwardState<R, S> state;
  copy_state(s, carried, state);
  const BlockRows<R> densities = rows.densities.of(s.states);
  const auto transitions = hold_transitions(s, p);
  for (std::int64_t t = first; t < end; ++t) {
    read_parameters_again();
    R next[S::states_bound];
    predict_next(s, transitions, state, next);
    for (int k = 0; k < s.states; ++k) state.weight[k] = next[k] * densities.load(t - first, k);
    const R sum = sum_of(s, state.weight);
    if (any(needs_rescue(sum))) return t;
    take_scale(state, sum, rows.shifts.load(t - first));
    visit(s, t - first, state);
  }
  copy_state(s, state, carried);
  return end;
}
// The same, but `carried` becomes the state of the bar before that at which it stopped: the bars up to an
// unusual one are run and visited once more, so that no pass need keep the state before a bar beside its own.
template <class R, class S, class Visit, class State>
REGENT_BODY std::int64_t forward_usual(const S& s, const Rows<R>& p, std::int64_t first, std::int64_t end,
                                       const BarDensities<R>& rows, State& carried, const Visit& visit) {
  for (;;) {
    const std::int64_t stop = try_usual(s, p, first, end, rows, carried, visit);
    if (stop == end || stop == first) return stop;
    end = stop;
  }
}

// Bars [first, end) of one group of lanes, all within one block of flush_every; `state` is that after the bar
// before. visit(shape, bar − first, state) is called after every bar.
template <class R, class S, class Lengths, class Visit, class State, class Emission>
REGENT_BODY void forward_block(const S& s, const Rows<R>& p, std::int64_t first, std::int64_t end,
                               const Lengths& lengths, const BarDensities<R>& rows, const Emission& emission,
                               State& state, double* shifts, double* exponents, const Visit& visit) {
  const std::int64_t usual_end = lengths.common < end ? lengths.common : end;
  for (std::int64_t t = first; t < end;) {
    if (t > 0 && t < usual_end)
      t = forward_usual(s, p, t, usual_end, rows.from(t - first), state, visit.from(s, t - first));
    if (t == end) break;
    forward_bar(s, p, t, lengths, rows.from(t - first), emission, visit.keeps_weights(), state);
    visit(s, t - first, state);
    ++t;
  }
  if (end % flush_every == 0) flush<R>(state, shifts, exponents);
}

}  // namespace regent::cuda::hmm
