#pragma once
// A path from its first step to its last: market, holdings, equity. The launchers give a path's number, and
// room for assets + factors reals, and as many as assets for volatilities of their own.
//
// With holdings h (fractions of equity), simple returns r and costs κ of the trades at the step's end:
//   g = 1 + Σ h_i r_i;  h_i' = h_i (1 + r_i) / g;  equity ·= g·(1 − κ)
// Domain: finite tables (validate()). A factor g·(1 − κ) <= 0 leaves nothing: equity 0. At or below
// ruin_equity the path stands still: holdings 0, equity as it is. Equity, drawdown, turnover and costs are
// multiplied and summed in double.

#include "cuda/scenario/market_body.hpp"
#include "cuda/scenario/wide_body.hpp"

namespace regent::cuda::scenario {

// Sizes that the compiler knows, so that loops unroll and arrays stay in registers; 0: from the view.
template <int Assets, int Factors, bool Apart>
struct Sizes {
  REGENT_BODY static int assets(const View& view) { return Assets > 0 ? Assets : view.assets; }
  REGENT_BODY static int factors(const View& view) { return Assets > 0 ? Factors : view.factors; }
  // whether own shocks have volatilities of their own
  REGENT_BODY static bool apart(const View& view) { return Assets > 0 ? Apart : view.apart; }
  static constexpr bool always_apart = Apart;
  // how often the GPU's loops are unrolled
  static constexpr int factor_draws = Assets > 0 ? (Factors + 3) / 4 : 1;
  static constexpr bool fixed = Assets > 0;
  static constexpr int assets_known = Assets;
};
using AnySizes = Sizes<0, 0, false>;

template <class R>
struct Account {
  Wide<R> equity, turnover, costs, height, lowest;  // height: equity / its highest before, lowest of that
  R exposure, next_exposure;                        // traded to, and decided after the last bar
  R variance, trend;                                // features of the policy
  MaskOf<R> ruined;
  R ruin_step;
};

template <class R>
REGENT_BODY Account<R> account_start(const View& view) {
  const Wide<R> one = all_wide<R>(1.0), zero = all_wide<R>(0.0);
  const R unit = Lanes<R>::all(1.0F), nothing = Lanes<R>::all(0.0F);
  const R target = Lanes<R>::all(view.volatility_target);
  return {
      one, zero, zero, one, one, unit, unit, target * target, nothing, unit < nothing, Lanes<R>::all(-1.0F)};
}

template <class R>
REGENT_BODY R absolute(R value) {
  return real_with_bits(index_of(value) & Lanes<R>::all_index(0x7fffffffU));
}

template <class R>
REGENT_BODY R smaller_of(R a, R b) {
  return select(b < a, b, a);
}

// Which assets take part in the step's jump: half a word each, eight assets to a draw.
template <class R>
struct Participants {
  Words<R> words;
  // of `count` assets from `first` on, which follow those of the call before; the first call is of asset 0
  template <int count>
  REGENT_BODY void next(const View& view, PathNumber<R> path, std::int32_t step, int first,
                        MaskOf<R>* takes) {
    if (first % 8 == 0) {
      words = philox(view.keys, path, static_cast<std::uint32_t>(step),
                     1 + static_cast<std::uint32_t>(first) / 8, Purpose::scenario_jump);
    } else if (first % 4 == 0) {
      words.x = words.z;
      words.y = words.w;
    }
    const R limit = Lanes<R>::all(view.participation * 65536.0F);
    REGENT_EACH(j, count) {
      const int place = count == 4 ? j : first % 4;
      const IndexOf<R> both = place < 2 ? words.x : words.y;
      const IndexOf<R> half = place % 2 == 0 ? shifted_down(both, 16) : both & Lanes<R>::all_index(0xffffU);
      takes[j] = real_of_signed(half) < limit;
    }
  }
};

// How many assets are worked on side by side.
template <int Count>
struct Group {
  static constexpr int count = Count;
};

// Calls body(first, Group) for four assets at a time, then for each of the rest.
template <class Size, class Body>
REGENT_BODY void for_groups(const View& view, const Body& body) {
  const int assets = Size::assets(view), whole = assets / 4 * 4;
  REGENT_UNROLL(1)
  for (int first = 0; first < whole; first += 4) body(first, Group<4>{});
  for (int first = whole; first < assets; ++first) body(first, Group<1>{});
}

// The own shocks of `count` assets from `first` on, made of standard normals: z → z·p(z²), see view.hpp. A
// Gaussian's p is 1, which leaves z bit by bit.
template <int count, class Tables, class R>
REGENT_BODY void bend(const Tables& tables, int first, R* z) {
  const R limit = Lanes<R>::all(curve_square_max);
  R square[count], multiple[count];
  const std::ptrdiff_t own = first;
  const auto coefficient = [&](int j, int degree) { return tables.template curve<R>(own + j, degree); };
  REGENT_EACH(j, count) square[j] = smaller_of(z[j] * z[j], limit);
  REGENT_EACH(j, count) multiple[j] = coefficient(j, curve_columns - 1);
  REGENT_UNROLL(curve_columns - 1)
  for (int degree = curve_columns - 2; degree >= 0; --degree) {
    REGENT_EACH(j, count) multiple[j] = fused(multiple[j], square[j], coefficient(j, degree));
  }
  REGENT_EACH(j, count) z[j] = z[j] * multiple[j];
}

// A number for every asset, four after four, each four `between` entries apart.
template <class R, int between = 4>
struct PerAsset {
  R* first;
  REGENT_BODY R& operator[](int asset) const {
    if constexpr (between == 4) return first[asset];
    return first[asset / 4 * between + asset % 4];
  }
};

// Before the first step.
template <class Size, class R, class Values>
REGENT_BODY void start_own(const View& view, PathNumber<R> path, const Values& logs) {
  for_groups<Size>(view, [&](int first, auto group) {
    constexpr int count = group.count;
    if (view.own_start != nullptr) {
      REGENT_EACH(j, count) logs[first + j] = Lanes<R>::all(view.own_start[first + j]);
      return;
    }
    const Four<R> four = normals<R>(
        philox(view.keys, path, 0, static_cast<std::uint32_t>(first / 4), Purpose::scenario_own_volatility));
    REGENT_EACH(j, count)
    logs[first + j] =
        fused(Lanes<R>::all(view.own_spread), four.v[first % 4 + j], Lanes<R>::all(view.own_centre));
  });
}

// √u·idiosyncratic of `count` assets from `first` on, and u moved on by the normals z of this step. logs:
// log2 √u of every asset, from step to step.
template <int count, class Regime, class R, class Values>
REGENT_BODY void own_deviations(const View& view, const Regime& regime, int first, const R* z,
                                const Values& logs, R* deviation) {
  REGENT_EACH(j, count) deviation[j] = logs[first + j];
  REGENT_EACH(j, count) {
    const R kept = fused(Lanes<R>::all(view.own_persistence), deviation[j], Lanes<R>::all(view.own_base));
    logs[first + j] = fused(Lanes<R>::all(view.own_response), absolute(z[j]), kept);
  }
  hmm::powers_of_two<count>(deviation);
  REGENT_EACH(j, count)
  deviation[j] = deviation[j] * regime.idiosyncratic(first + j);
}

// x + Σ_f loadings·z_f
template <int count, class Regime, class R>
REGENT_BODY void add_factors(const Regime& regime, int first, int factors, const R* factor, R* x) {
  const std::ptrdiff_t own = first;
  for (int f = 0; f < factors; ++f) {
    REGENT_EACH(j, count) x[j] = fused(regime.loading(own + j, factors, f), factor[f], x[j]);
  }
}

template <int count, class Regime, class R>
REGENT_BODY void drifts(const View& view, const Regime& regime, const float* row, const Step<R>& now,
                        int first, R* drift) {
  const R drift_share = Lanes<R>::all(row[schedule_drift]);
  REGENT_EACH(j, count) drift[j] = regime.drift(first + j) * drift_share;
  if (view.drift_of_variance != nullptr) {
    REGENT_EACH(j, count)
    drift[j] = fused(regime.drift_of_variance(first + j), now.variance, drift[j]);
  }
}

// Log returns of `count` assets from `first` on under a law, without jumps.
template <int count, class Regime, class R>
REGENT_BODY void diffuse(const View& view, const Regime& regime, const float* row, const Step<R>& now,
                         int first, int factors, const R* factor, const R* own, R* x) {
  R drift[count];
  REGENT_EACH(j, count) x[j] = own[j] * regime.idiosyncratic(first + j);
  add_factors<count>(regime, first, factors, factor, x);
  drifts<count>(view, regime, row, now, first, drift);
  REGENT_EACH(j, count) x[j] = fused(now.scale, x[j], drift[j]);
}

// The same where own shocks have deviations of their own.
template <int count, class Regime, class R>
REGENT_BODY void diffuse_apart(const View& view, const Regime& regime, const float* row, const Step<R>& now,
                               int first, int factors, const R* factor, const R* own, const R* deviation,
                               R* x) {
  const R stress = Lanes<R>::all(row[schedule_volatility]), scale = stress * now.tail;
  const R half = Lanes<R>::all(-0.5F) * stress * stress;
  R drift[count];
  drifts<count>(view, regime, row, now, first, drift);
  if (view.drift_of_variance != nullptr) {
    REGENT_EACH(j, count) drift[j] = fused(half, deviation[j] * deviation[j], drift[j]);
  }
  REGENT_EACH(j, count) drift[j] = fused(scale * deviation[j], own[j], drift[j]);
  REGENT_EACH(j, count) x[j] = Lanes<R>::all(0.0F);
  add_factors<count>(regime, first, factors, factor, x);
  REGENT_EACH(j, count) x[j] = fused(now.scale, x[j], drift[j]);
}

// What the schedule adds to the whole market.
template <int count, class Tables, class R>
REGENT_BODY void move_market(const Tables& tables, const float* row, int first, R* x) {
  if (row[schedule_market_move] == 0.0F) return;
  const R move = Lanes<R>::all(row[schedule_market_move]);
  REGENT_EACH(j, count) x[j] = fused(move, Lanes<R>::all(tables.beta(first + j)), x[j]);
}

// Calls receive(first, Group, log returns) for the assets of a step under a law, and moves the variance.
template <class Size, class Tables, class R, class Values, class Receive>
REGENT_BODY Step<R> law_returns(const View& view, const Tables& tables, PathNumber<R> path, std::int32_t step,
                                MarketState<R>& state, R* factor, const Values& own_logs,
                                const Receive& receive) {
  float row[schedule_columns];
  load_row(view, step, row);
  const int factors = Size::factors(view), factor_draws = (factors + 3) / 4;
  const R before = state.variance;
  const Step<R> now = law_step(view, tables, path, step, row, state);
  const auto regime = tables.template in<R>(state.regime);
  const auto draw = [&](int number) {
    return normals<R>(philox(view.keys, path, static_cast<std::uint32_t>(step),
                             static_cast<std::uint32_t>(number), Purpose::scenario_diffusion));
  };
  REGENT_UNROLL(Size::factor_draws)
  for (int d = 0; d < factor_draws; ++d) {
    const Four<R> four = draw(d);
    REGENT_EACH(j, 4) {
      if (4 * d + j < factors) factor[4 * d + j] = four.v[j];
    }
  }
  Participants<R> participants;
  for_groups<Size>(view, [&](int first, auto group) {
    constexpr int count = group.count;
    Four<R> four = draw(factor_draws + first / 4);
    R* own = four.v + first % 4;
    R x[count];
    if (Size::apart(view)) {
      R deviation[count];
      own_deviations<count>(view, regime, first, own, own_logs, deviation);
      if (view.curve != nullptr) bend<count>(tables, first, own);
      diffuse_apart<count>(view, regime, row, now, first, factors, factor, own, deviation, x);
    } else {
      if (view.curve != nullptr) bend<count>(tables, first, own);
      diffuse<count>(view, regime, row, now, first, factors, factor, own, x);
    }
    if (now.any_jump) {
      MaskOf<R> takes[count];
      participants.template next<count>(view, path, step, first, takes);
      REGENT_EACH(j, count) {
        const R jump = now.jump * Lanes<R>::all(tables.jump_scale(first + j));
        x[j] = x[j] + select(takes[j], jump, Lanes<R>::all(0.0F));
      }
    }
    move_market<count>(tables, row, first, x);
    receive(first, group, x);
  });
  if (view.volatility != VolatilityKind::constant)
    move_variance(view, path, step, now.tail, factor[0], before, state);
  return now;
}

// The same from history.
template <class R, class Receive>
REGENT_BODY Step<R> history_returns(const View& view, PathNumber<R> path, std::int32_t step,
                                    MarketState<R>& state, const Receive& receive) {
  const float* row = view.schedule + step * schedule_columns;
  const Step<R> now = history_step(view, path, step, state);
  const IndexOf<R> from = times(state.bar, static_cast<std::uint32_t>(view.assets));
  const float drift_share = row[schedule_drift] - row[schedule_volatility];
  const ViewTables<0> tables{view};
  for_groups<AnySizes>(view, [&](int first, auto group) {
    constexpr int count = group.count;
    R x[count];
    REGENT_EACH(j, count) {
      const R mean = Lanes<R>::all(view.drift[(first + j) * view.stride] * drift_share);
      x[j] = fused(now.scale, gather(view.history + first + j, from), mean);
    }
    move_market<count>(tables, row, first, x);
    receive(first, group, x);
  });
  return now;
}

// Simple returns r of `count` assets from their log returns, what the holdings earn by them, and the holdings
// grown.
template <int count, class R, class Values>
REGENT_BODY void earn(const R* log_returns, int first, const Values& holdings, R* r, R& earned) {
  exponentials_minus_one<count>(log_returns, r);
  R held[count];
  REGENT_EACH(j, count) held[j] = holdings[first + j];
  REGENT_EACH(j, count) earned = fused(held[j], r[j], earned);
  REGENT_EACH(j, count) holdings[first + j] = fused(held[j], r[j], held[j]);
}

// What a step's trades come to.
template <class R>
struct Trades {
  R sum, squares;  // Σ|trade|, Σ trade²
};

// Holdings after the prices moved, and after the trades where the step has any.
template <class Size, class Tables, class R, class Values>
REGENT_BODY Trades<R> trade(const View& view, const Tables& tables, bool rebalances, R exposure, R growth,
                            const Values& holdings) {
  const R zero = Lanes<R>::all(0.0F), one = Lanes<R>::all(1.0F);
  const R inverse = one / select(zero < growth, growth, one);
  if (!rebalances) {
    for_groups<Size>(view, [&](int first, auto group) {
      REGENT_EACH(j, group.count) holdings[first + j] = holdings[first + j] * inverse;
    });
    return {zero, zero};
  }
  R sum[4] = {zero, zero, zero, zero}, squares[4] = {zero, zero, zero, zero};
  for_groups<Size>(view, [&](int first, auto group) {
    constexpr int count = group.count;
    R goal[count], change[count];
    REGENT_EACH(j, count) goal[j] = Lanes<R>::all(tables.target(first + j)) * exposure;
    REGENT_EACH(j, count) change[j] = goal[j] - holdings[first + j] * inverse;
    REGENT_EACH(j, count) holdings[first + j] = goal[j];
    REGENT_EACH(j, count) sum[j] = sum[j] + absolute(change[j]);
    if (view.impact > 0.0F) {
      REGENT_EACH(j, count) squares[j] = fused(change[j], change[j], squares[j]);
    }
  });
  return {(sum[0] + sum[1]) + (sum[2] + sum[3]), (squares[0] + squares[1]) + (squares[2] + squares[3])};
}

template <class R>
REGENT_BODY R cost_of(const View& view, const Trades<R>& trades, R spread, R impact) {
  const R rate = fused(spread, Lanes<R>::all(view.half_spread), Lanes<R>::all(view.fee));
  return fused(trades.squares * impact, Lanes<R>::all(view.impact), trades.sum * rate);
}

// Decides the exposure of the trade after next from the return at constant weights.
template <class R>
REGENT_BODY void look(const View& view, R at_target, Account<R>& account) {
  const R zero = Lanes<R>::all(0.0F);
  R exposure = Lanes<R>::all(view.exposure_max);
  account.exposure = account.next_exposure;
  if (view.volatility_target > 0.0F) {
    const R keep = Lanes<R>::all(view.volatility_keep), rest = Lanes<R>::all(1.0F - view.volatility_keep);
    account.variance = fused(keep, account.variance, rest * at_target * at_target);
    const R wanted = Lanes<R>::all(view.volatility_target) / square_root(account.variance);
    exposure = smaller_of(exposure, wanted);
  }
  if (view.trend_keep > 0.0F) {
    const R keep = Lanes<R>::all(view.trend_keep), rest = Lanes<R>::all(1.0F - view.trend_keep);
    account.trend = fused(keep, account.trend, rest * at_target);
    exposure = select(account.trend < zero, zero, exposure);
  }
  account.next_exposure = exposure;
}

// Equity, drawdown and ruin after a step that earned `earned` and whose trades cost `cost`.
template <class R>
REGENT_BODY void settle(const View& view, std::int32_t step, R earned, R cost, R traded,
                        Account<R>& account) {
  const R zero = Lanes<R>::all(0.0F), one = Lanes<R>::all(1.0F);
  // growth − 1 without the cancellation of (1 + earned)(1 − cost) − 1
  R net = earned - fused(cost, earned, cost);
  // two negative factors make no gain
  const auto alive = (zero < one + earned) && (cost < one);
  net = select(alive, net, zero - one);
  net = select(account.ruined, zero, maximum(net, zero - one));
  const Wide<R> factor = all_wide<R>(1.0) + widened(net);
  account.equity = account.equity * factor;
  account.height = smaller(account.height * factor, all_wide<R>(1.0));
  account.lowest = smaller(account.lowest, account.height);
  account.turnover = account.turnover + widened(select(account.ruined, zero, traded));
  account.costs = account.costs + widened(select(account.ruined, zero, cost));
  const auto low = !(Lanes<R>::all(view.ruin_equity) < narrowed(account.equity));
  account.ruin_step =
      select(low && !account.ruined, Lanes<R>::all(static_cast<float>(step)), account.ruin_step);
  account.ruined = account.ruined || low;
}

// Buys `target` before the first step.
template <class Size, class Tables, class R, class Values>
REGENT_BODY void first_purchase(const View& view, const Tables& tables, Account<R>& account,
                                const Values& holdings) {
  const R zero = Lanes<R>::all(0.0F), one = Lanes<R>::all(1.0F);
  for (int asset = 0; asset < Size::assets(view); ++asset) holdings[asset] = zero;
  const Trades<R> trades = trade<Size>(view, tables, true, one, one, holdings);
  const R spread = Lanes<R>::all(view.schedule[schedule_spread]);
  const R impact = Lanes<R>::all(view.schedule[schedule_impact]);
  settle(view, 0, zero, cost_of(view, trades, spread, impact), zero, account);
}

template <class R>
REGENT_BODY void record_value(float* to, std::int64_t between, R value) {
  float lanes[Lanes<R>::width];
  store_lanes(lanes, value);
  for (int lane = 0; lane < Lanes<R>::width; ++lane) to[lane * between] = lanes[lane];
}

template <class R>
REGENT_BODY void record_step(const View& view, const RecordView& record, std::int32_t step,
                             const Step<R>& now, const MarketState<R>& state, const Account<R>& account) {
  double equity[Lanes<R>::width];
  std::uint32_t regime[Lanes<R>::width];
  store_wide(equity, account.equity);
  Lanes<R>::store_index(regime, state.regime);
  for (int lane = 0; lane < Lanes<R>::width; ++lane) {
    const std::int64_t at = static_cast<std::int64_t>(lane) * view.steps + step;
    record.equity[at] = equity[lane];
    record.regime[at] = static_cast<std::uint8_t>(regime[lane]);
  }
  record_value(record.spread + step, view.steps, now.spread);
  record_value(record.impact + step, view.steps, now.impact);
}

template <class Size, bool FromHistory, bool Recorded, class Tables, class R, class Values>
REGENT_BODY void one_step(const View& view, const Tables& tables, PathNumber<R> path, std::int32_t step,
                          const RecordView& record, MarketState<R>& state, Account<R>& account,
                          const Values& holdings, R* factor, const Values& own_logs) {
  R earned = Lanes<R>::all(0.0F), at_target = Lanes<R>::all(0.0F);
  const auto receive = [&](int first, auto group, const R* log_returns) {
    constexpr int count = group.count;
    R r[count];
    earn<count>(log_returns, first, holdings, r, earned);
    if (view.features) {
      REGENT_EACH(j, count) at_target = fused(Lanes<R>::all(tables.target(first + j)), r[j], at_target);
    }
    if constexpr (Recorded) {
      const std::int64_t steps = view.steps, assets = view.assets;
      REGENT_EACH(j, count)
      record_value(record.log_returns + step * assets + first + j, steps * assets, log_returns[j]);
    }
  };
  Step<R> now;
  if constexpr (FromHistory) {
    now = history_returns(view, path, step, state, receive);
  } else {
    now = law_returns<Size>(view, tables, path, step, state, factor, own_logs, receive);
  }
  const bool rebalances = view.rebalance > 0 && (step + 1) % view.rebalance == 0;
  const R growth = Lanes<R>::all(1.0F) + earned;
  const Trades<R> trades = trade<Size>(view, tables, rebalances, account.exposure, growth, holdings);
  const R cost = cost_of(view, trades, now.spread, now.impact);
  settle(view, step, earned, cost, trades.sum, account);
  if (view.features) look(view, at_target, account);
  if constexpr (Recorded) record_step(view, record, step, now, state, account);
}

template <class R>
REGENT_BODY void store_outcome(const OutcomeView& out, std::int64_t at, const MarketState<R>& state,
                               const Account<R>& account) {
  constexpr int width = Lanes<R>::width;
  double lowest[width];
  float ruin[width];
  std::uint32_t regime[width];
  store_wide(out.final_equity + at, account.equity);
  store_wide(out.turnover + at, account.turnover);
  store_wide(out.costs + at, account.costs);
  store_wide(lowest, account.lowest);
  store_lanes(ruin, account.ruin_step);
  Lanes<R>::store_index(regime, state.regime);
  for (int lane = 0; lane < width; ++lane) {
    out.drawdown_max[at + lane] = static_cast<float>(1.0 - lowest[lane]);
    out.ruin_step[at + lane] = static_cast<std::int32_t>(ruin[lane]);
    out.final_regime[at + lane] = static_cast<std::uint8_t>(regime[lane]);
  }
}

// The whole path; its outcome goes to entry `at`. holdings, own_logs: room for [assets], factor: for
// [factors]; own_logs are not touched unless own shocks have volatilities of their own.
template <class Size, bool FromHistory, bool Recorded, class Tables, class R, class Values>
REGENT_BODY void path_body(const View& view, const Tables& tables, PathNumber<R> path, const OutcomeView& out,
                           const RecordView& record, std::int64_t at, const Values& holdings, R* factor,
                           const Values& own_logs) {
  MarketState<R> state = market_start<R>(view);
  Account<R> account = account_start<R>(view);
  if constexpr (!FromHistory) {
    if (Size::apart(view)) start_own<Size>(view, path, own_logs);
  }
  first_purchase<Size>(view, tables, account, holdings);
  for (std::int32_t step = 0; step < view.steps; ++step)
    one_step<Size, FromHistory, Recorded>(view, tables, path, step, record, state, account, holdings, factor,
                                          own_logs);
  store_outcome(out, at, state, account);
}

}  // namespace regent::cuda::scenario
