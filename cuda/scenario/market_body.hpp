#pragma once
// One step of a path's market (the formulas of scenario.hpp): regime, tail, jumps, liquidity and variance,
// then the assets' log returns one after the other. Draws of a step, by purpose and draw:
//   scenario_state 0: x regime, y tail, z number of jumps, w liquidity
//   scenario_diffusion d: four normals; first the factors', four to a draw, then the assets' in draws of
//     their own
//   scenario_jump 0: size; 1 + i/8: half a word for each asset, whether it takes part
//   scenario_volatility 0: normal of the square-root diffusion
//   scenario_own_volatility i/4: four normals, at step 0 only, where own volatilities begin
//   scenario_history 0: x whether a block begins, y where
// So nothing that is switched on moves another's numbers.

#include "cuda/scenario/tables_body.hpp"

namespace regent::cuda::scenario {

// What a path carries from step to step.
template <class R>
struct MarketState {
  IndexOf<R> regime;  // also of a history: as told of the bar
  IndexOf<R> bar;     // of the history
  R variance, excitation, illiquidity;
};

// What a step has in common for all assets.
template <class R>
struct Step {
  R variance, tail, scale;  // v·c², W, and √v·W·c
  R jump;                   // J; 0 where there is none
  bool any_jump;
  R spread, impact;  // multiples
};

template <class R>
REGENT_BODY MarketState<R> market_start(const View& view) {
  const IndexOf<R> zero = Lanes<R>::all_index(0);
  return {zero, zero, Lanes<R>::all(view.variance_start), Lanes<R>::all(0.0F), Lanes<R>::all(0.0F)};
}

// exp(x) − 1 of up to four numbers, relative error below 3·2^−24: Taylor to x^7 within ±0.25.
template <int count, class R>
REGENT_BODY void exponentials_minus_one(const R* x, R* result) {
  R square[count], rest[count];
  REGENT_EACH(j, count) square[j] = x[j] * x[j];
  REGENT_EACH(j, count) rest[j] = fused(x[j], Lanes<R>::all(1.0F / 5040), Lanes<R>::all(1.0F / 720));
  REGENT_EACH(j, count) rest[j] = fused(rest[j], x[j], Lanes<R>::all(1.0F / 120));
  REGENT_EACH(j, count) rest[j] = fused(rest[j], x[j], Lanes<R>::all(1.0F / 24));
  REGENT_EACH(j, count) rest[j] = fused(rest[j], x[j], Lanes<R>::all(1.0F / 6));
  REGENT_EACH(j, count) rest[j] = fused(rest[j], x[j], Lanes<R>::all(0.5F));
  REGENT_EACH(j, count) result[j] = fused(square[j], rest[j], x[j]);
  R largest = square[0];
  REGENT_EACH(j, count) largest = larger(largest, square[j]);
  const R limit = Lanes<R>::all(0.0625F);
  if (!any(limit < largest)) return;
  REGENT_EACH(j, count)
  result[j] = select(limit < square[j], hmm::exponential(x[j]) - Lanes<R>::all(1.0F), result[j]);
}
template <class R>
REGENT_BODY R exponential_minus_one(R x) {
  R result;
  exponentials_minus_one<1>(&x, &result);
  return result;
}

template <class R>
REGENT_BODY IndexOf<R> counted(MaskOf<R> mask, IndexOf<R> count) {
  return select(mask, added(count, Lanes<R>::all_index(1)), count);
}

template <class Tables, class R>
REGENT_BODY void move_regime(const View& view, const Tables& tables, std::int32_t step, IndexOf<R> word,
                             MarketState<R>& state) {
  const R u = unit<R>(word);
  IndexOf<R> next = Lanes<R>::all_index(0);
  if (step == 0) {
    REGENT_UNROLL(1)
    for (std::int32_t k = 0; k + 1 < view.regimes; ++k)
      next = counted<R>(!(u < Lanes<R>::all(view.start[k])), next);
    state.regime = next;
    return;
  }
  const auto leaves = u < tables.template leave<R>(state.regime);
  if (!any(leaves)) return;
  REGENT_UNROLL(1)
  for (std::int32_t k = 0; k + 1 < view.regimes; ++k)
    next = counted<R>(!(u < tables.template reach<R>(k, state.regime)), next);
  state.regime = select(leaves, next, state.regime);
}

// W at the quantile unit(word), linear between nodes that halve from octave to octave.
template <class R>
REGENT_BODY R tail_multiple(const View& view, IndexOf<R> word) {
  const IndexOf<R> bits = index_of(unit<R>(word));
  const IndexOf<R> node = added(shifted_down(bits, 19), Lanes<R>::all_index(0U - (95U << 4)));
  const IndexOf<R> rest =
      (shifted_up(bits & Lanes<R>::all_index(0x7ffffU), 4)) | Lanes<R>::all_index(0x3f800000U);
  const R share = real_with_bits(rest) - Lanes<R>::all(1.0F);
  const R low = gather(view.tail, node);
  const R high = gather(view.tail, added(node, Lanes<R>::all_index(1)));  // the last node stands there twice
  return fused(share, high - low, low);
}

// Poisson by inversion from the top: N > n where u < P(N > n).
template <class R>
REGENT_BODY R jump_count(R intensity, R u) {
  const R zero = Lanes<R>::all(0.0F), one = Lanes<R>::all(1.0F);
  R more = zero - exponential_minus_one(zero - intensity);
  R term = one - more, count = zero;
  for (int n = 1; n <= jump_count_max && any(u < more); ++n) {
    count = select(u < more, count + one, count);
    term = term * intensity * Lanes<R>::all(1.0F / static_cast<float>(n));
    more = more - term;
  }
  return count;
}

template <class Tables, class R>
REGENT_BODY void draw_jump(const View& view, const Tables& tables, PathNumber<R> path, std::int32_t step,
                           IndexOf<R> word, const float* row, MarketState<R>& state, Step<R>& now) {
  const R zero = Lanes<R>::all(0.0F), one = Lanes<R>::all(1.0F);
  const R multiple = Lanes<R>::all(row[schedule_jumps]);
  const R intensity = tables.template intensity<R>(state.regime) * multiple * (one + state.excitation);
  const R count = jump_count(intensity, unit<R>(word));
  state.excitation = state.excitation * Lanes<R>::all(view.jump_decay);
  now.any_jump = any(zero < count);
  if (!now.any_jump) return;
  const Words<R> words = philox(view.keys, path, static_cast<std::uint32_t>(step), 0, Purpose::scenario_jump);
  const R size = normals<R>(words).v[0] * Lanes<R>::all(view.jump_deviation);
  now.jump = fused(count, Lanes<R>::all(view.jump_mean), square_root(count) * size);
  state.excitation = fused(count, Lanes<R>::all(view.excitation), state.excitation);
  state.variance = fused(count, Lanes<R>::all(view.jump_variance), state.variance);
}

template <class Tables, class R>
REGENT_BODY void draw_liquidity(const View& view, const Tables& tables, IndexOf<R> word,
                                MarketState<R>& state, Step<R>& now) {
  const R one = Lanes<R>::all(1.0F);
  const R excess = Lanes<R>::all(view.shock_multiple - 1.0F);
  state.illiquidity = state.illiquidity * Lanes<R>::all(view.shock_decay);
  const auto shock = unit<R>(word) < Lanes<R>::all(view.shock_probability);
  state.illiquidity = select(shock, maximum(state.illiquidity, excess), state.illiquidity);
  const R multiple = one + state.illiquidity;
  now.spread = now.spread * multiple * tables.template spread<R>(state.regime);
  now.impact = now.impact * multiple;
}

template <class R>
REGENT_BODY void force_regime(const float* row, MarketState<R>& state) {
  const float forced = row[schedule_regime];
  if (forced >= 0.0F) state.regime = Lanes<R>::all_index(static_cast<std::uint32_t>(forced));
}

// A step's row of the schedule, [schedule_columns].
REGENT_BODY void load_row(const View& view, std::int32_t step, float* row) {
  const void* from = __builtin_assume_aligned(view.schedule + step * schedule_columns, 16);
  __builtin_memcpy(row, from, schedule_columns * sizeof(float));
}

// The step's common part under a law. The variance that this step uses is that of its beginning.
template <class Tables, class R>
REGENT_BODY Step<R> law_step(const View& view, const Tables& tables, PathNumber<R> path, std::int32_t step,
                             const float* row, MarketState<R>& state) {
  const R zero = Lanes<R>::all(0.0F);
  const Words<R> words =
      philox(view.keys, path, static_cast<std::uint32_t>(step), 0, Purpose::scenario_state);
  move_regime(view, tables, step, words.x, state);
  force_regime<R>(row, state);
  Step<R> now{};
  const R variance = maximum(state.variance, zero), stress = Lanes<R>::all(row[schedule_volatility]);
  now.variance = variance * stress * stress;
  now.scale = square_root(variance) * stress;
  now.tail = view.tail != nullptr ? tail_multiple<R>(view, words.y) : Lanes<R>::all(1.0F);
  now.scale = now.scale * now.tail;
  now.jump = zero;
  now.any_jump = false;
  now.spread = Lanes<R>::all(row[schedule_spread]);
  now.impact = Lanes<R>::all(row[schedule_impact]);
  if (view.jumps) draw_jump(view, tables, path, step, words.z, row, state, now);
  if (view.liquidity) draw_liquidity(view, tables, words.w, state, now);
  return now;
}

// v after a step that began with `before` and whose first factor was `normal`.
template <class R>
REGENT_BODY void move_variance(const View& view, PathNumber<R> path, std::int32_t step, R tail, R normal,
                               R before, MarketState<R>& state) {
  const R zero = Lanes<R>::all(0.0F);
  const R kicked = state.variance - before;  // what a jump added
  R next = before;
  if (view.volatility == VolatilityKind::garch) {
    const R alpha = Lanes<R>::all(view.garch_alpha);
    const R weight = select(normal < zero, alpha + Lanes<R>::all(view.garch_gamma), alpha);
    const R shock = tail * normal;
    const R level = fused(weight, shock * shock, Lanes<R>::all(view.garch_beta));
    next = fused(maximum(before, zero), level, Lanes<R>::all(view.garch_base));
  } else if (view.volatility == VolatilityKind::diffusion) {
    const Words<R> words =
        philox(view.keys, path, static_cast<std::uint32_t>(step), 0, Purpose::scenario_volatility);
    const R own = normals<R>(words).v[0];
    const R both = fused(normal, Lanes<R>::all(view.correlation), own * Lanes<R>::all(view.correlation_rest));
    const R positive = maximum(before, zero);
    const R pull = (Lanes<R>::all(view.level) - positive) * Lanes<R>::all(view.reversion);
    next = before + fused(square_root(positive) * Lanes<R>::all(view.deviation), both, pull);
  }
  next = next + kicked;
  const R ceiling = Lanes<R>::all(view.variance_ceiling);
  state.variance = select(ceiling < next, ceiling, next);
}

// ⌊unit·count⌋ without rounding up to count.
template <class R>
REGENT_BODY IndexOf<R> uniform_below(IndexOf<R> word, std::int32_t count);
template <>
REGENT_BODY std::uint32_t uniform_below<float>(std::uint32_t word, std::int32_t count) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(word) * static_cast<std::uint32_t>(count) >>
                                    32);
}
#ifdef REGENT_INSTRUCTION_SET
template <>
REGENT_BODY REGENT_INSTRUCTION_SET::Index uniform_below<REGENT_INSTRUCTION_SET::Real>(
    REGENT_INSTRUCTION_SET::Index word, std::int32_t count) {
  using namespace REGENT_INSTRUCTION_SET;
  const Halves all = Halves{} + static_cast<std::uint32_t>(count);
  return interleaved(product((Halves)word.v, all) >> 32, product((Halves)word.v >> 32, all) >> 32);
}
#endif

// Where a path's history begins, of replay.
REGENT_BODY std::uint32_t replay_start(const View& view, std::uint32_t low, std::uint32_t high) {
  const std::uint64_t path = static_cast<std::uint64_t>(high >> 8) << 32 | low;
  const auto windows = static_cast<std::uint64_t>(view.windows);
  return static_cast<std::uint32_t>(path % windows * static_cast<std::uint64_t>(view.replay_stride) %
                                    windows);
}
template <class R>
REGENT_BODY IndexOf<R> replay_starts(const View& view, PathNumber<R> path);
template <>
REGENT_BODY std::uint32_t replay_starts<float>(const View& view, PathNumber<float> path) {
  return replay_start(view, path.low, path.high);
}
#ifdef REGENT_INSTRUCTION_SET
template <>
REGENT_BODY REGENT_INSTRUCTION_SET::Index replay_starts<REGENT_INSTRUCTION_SET::Real>(
    const View& view, PathNumber<REGENT_INSTRUCTION_SET::Real> path) {
  using namespace REGENT_INSTRUCTION_SET;
  Index result{};
  for (int i = 0; i < Register::width; ++i) result.v[i] = replay_start(view, path.low.v[i], path.high.v[i]);
  return result;
}
#endif

template <class R>
REGENT_BODY MaskOf<R> is_below(IndexOf<R> a, IndexOf<R> b);
template <>
REGENT_BODY bool is_below<float>(std::uint32_t a, std::uint32_t b) {
  return a < b;
}
#ifdef REGENT_INSTRUCTION_SET
template <>
REGENT_BODY MaskOf<REGENT_INSTRUCTION_SET::Real> is_below<REGENT_INSTRUCTION_SET::Real>(
    REGENT_INSTRUCTION_SET::Index a, REGENT_INSTRUCTION_SET::Index b) {
  return a < b;
}
#endif

// The step's common part from history: moves on to the next bar.
template <class R>
REGENT_BODY Step<R> history_step(const View& view, PathNumber<R> path, std::int32_t step,
                                 MarketState<R>& state) {
  const float* row = view.schedule + step * schedule_columns;
  const Words<R> words =
      philox(view.keys, path, static_cast<std::uint32_t>(step), 0, Purpose::scenario_history);
  const IndexOf<R> following = added(state.bar, Lanes<R>::all_index(1));
  const IndexOf<R> bars = Lanes<R>::all_index(static_cast<std::uint32_t>(view.bars));
  const IndexOf<R> next = select(is_below<R>(following, bars), following, Lanes<R>::all_index(0));
  const IndexOf<R> fresh = uniform_below<R>(words.y, view.bars);
  if (view.history_kind == HistoryKind::replay) {
    state.bar = step == 0 ? replay_starts<R>(view, path) : next;
  } else if (view.history_kind == HistoryKind::circular) {
    state.bar = step % view.block == 0 ? fresh : next;
  } else {
    state.bar = step == 0 ? fresh : select(unit<R>(words.x) < Lanes<R>::all(view.restart), fresh, next);
  }
  state.regime = index_of(gather(view.history_regime, state.bar));
  Step<R> now{};
  now.variance = Lanes<R>::all(1.0F);
  now.scale = Lanes<R>::all(row[schedule_volatility]);
  now.jump = Lanes<R>::all(0.0F);
  now.spread = Lanes<R>::all(row[schedule_spread]);
  now.impact = Lanes<R>::all(row[schedule_impact]);
  return now;
}

}  // namespace regent::cuda::scenario
