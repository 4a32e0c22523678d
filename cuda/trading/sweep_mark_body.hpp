#pragma once
// Marking lanes to market through a stretch of bars; every lane's trades go to sweep_account_body.hpp.
//
//   equity_t = cash + units·c_t;   r_t = equity_t / equity_{t−1} − 1 = units·(c_t − c_{t−1}) / equity_{t−1}
//   peak_t = max(peak_{t−1}, equity_t);   drawdown_t = 1 − equity_t / peak_t
//
// all in c/c_0 and start_cash = 1, with differences made in fp64 by the caller. A lane that is all in has no
// cash while it is long, so its r_t is the bar's own c_t / c_{t−1} − 1. In bars with a trade r_t comes from
// the account instead. Sums over at most 128 bars are in R's precision, beyond in fp64. A level is looked at
// in R's precision a little before it is reached; the account decides.

#include "cuda/hmm/real.hpp"
#include "cuda/trading/sweep_job.hpp"
#include "cuda/trading/sweep_signal_body.hpp"

namespace regent::cuda::sweep {

inline constexpr int sums_per_bucket = 4;

// What a lane keeps between stretches: [width] each. Written by the account's side of a trade: cash, units,
// lower, upper.
template <class R>
struct MarkState {
  using T = hmm::ScalarOf<R>;
  static constexpr int width = hmm::Lanes<R>::width;
  alignas(64) T cash[width], units[width], lower[width], upper[width], equity[width], peak[width],
      keep[width];
  Mask<R> long_done, short_done;  // the wishes that were traded
};

template <class R>
REGENT_BODY Mask<R> no_lanes() {
  return hmm::Lanes<R>::all(1) < hmm::Lanes<R>::all(0);
}

// The bars [first, end); wishes[t − first]: of the close before bar t. `trade(event, bar, wish, changed)`
// does what the lanes of `event` do in that bar and writes their state. `forced`: lanes that trade in any
// case. Adds [sums_per_bucket, width] to `sums`. all_in: TradingRules with size 1, fractional units and no
// shorts.
template <class R, bool all_in, bool has_levels, class Trade>
REGENT_SERIES_BODY void mark_stretch(const Marks<hmm::ScalarOf<R>>& marks, MarkState<R>& state,
                                     const Wish<R>* wishes, int first, int end, Mask<R> forced, double* sums,
                                     const Trade& trade) {
  using L = hmm::Lanes<R>;
  const R zero = L::all(0), one = L::all(1);
  R cash = L::load(state.cash), units = L::load(state.units);
  R lower = L::load(state.lower), upper = L::load(state.upper);
  R before = L::load(state.equity), peak = L::load(state.peak), keep = L::load(state.keep);
  R sum = zero, square_sum = zero, downside_sum = zero, held_bars = zero;
  Mask<R> long_done = state.long_done, short_done = state.short_done;
  Mask<R> held = units != zero;
  for (int t = first; t < end; ++t) {
    const Wish<R> wish = wishes[t - first];
    Mask<R> event = (wish.is_long ^ long_done) || forced;
    if constexpr (!all_in) event = event || (wish.is_short ^ short_done);
    if constexpr (has_levels) {
      event = event || L::all(marks.low[t]) < lower || upper < L::all(marks.high[t]);
    }
    Mask<R> counted = held && !event;
    if (any(event)) [[unlikely]] {
      trade(event, t, wish, Wish<R>{long_done, short_done});
      long_done = wish.is_long;
      short_done = wish.is_short;
      cash = L::load(state.cash);
      units = L::load(state.units);
      lower = L::load(state.lower);
      upper = L::load(state.upper);
      held = units != zero;
    }
    const R equity = fused(units, L::all(marks.close[t]), cash);
    if constexpr (all_in) {
      sum = select(counted, sum + L::all(marks.growth[t]), sum);
      square_sum = select(counted, square_sum + L::all(marks.growth_square[t]), square_sum);
      downside_sum = select(counted, downside_sum + L::all(marks.loss_square[t]), downside_sum);
    } else {
      const R earned = select(counted, units * L::all(marks.change[t]) / before, zero);
      const R lost = select(earned < zero, earned, zero);
      sum = sum + earned;
      square_sum = fused(earned, earned, square_sum);
      downside_sum = fused(lost, lost, downside_sum);
      before = equity;
    }
    held_bars = select(held, held_bars + one, held_bars);
    peak = maximum(peak, equity);
    const Mask<R> deeper = equity < keep * peak;
    if (any(deeper)) [[unlikely]]
      keep = select(deeper, equity / peak, keep);
  }
  L::store(state.equity, all_in ? zero : before);
  L::store(state.peak, peak);
  L::store(state.keep, keep);
  state.long_done = long_done;
  state.short_done = short_done;
  constexpr int width = L::width;
  L::add_to(sums, sum);
  L::add_to(sums + width, square_sum);
  L::add_to(sums + 2 * width, downside_sum);
  L::add_to(sums + 3 * width, held_bars);
}

}  // namespace regent::cuda::sweep
