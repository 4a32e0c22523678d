#pragma once
// One lane through all bars, as a GPU's threads walk: what its columns say of up to 32 bars are bits of a few
// words, found by one kernel for all lanes and tiles, and read by another, which passes bars without a trade
// at once where nothing in them has to be looked at. Signals, trades and marks are those of the other bodies;
// wishes, trades and drawdowns are the bits that groups of lanes find.
//
// Passing a stretch: equity = units·c + cash rises with c, rounded or not, so its largest and smallest value
// are those of the highest and lowest close. Where even the smallest one lies at or above keep·(the last
// peak), no bar of the stretch can have deepened the drawdown.

#include "cuda/trading/sweep_group_body.hpp"

namespace regent::cuda::sweep {

// Truths of up to 32 bars of one lane; bit i: of the i-th.
struct Word {
  std::uint32_t bits;
};
REGENT_BODY Word operator&&(Word a, Word b) {
  return {a.bits & b.bits};
}
REGENT_BODY Word operator||(Word a, Word b) {
  return {a.bits | b.bits};
}
REGENT_BODY Word operator!(Word a) {
  return {~a.bits};
}

struct Bars32 {};  // in the place of R: what its masks speak of

}  // namespace regent::cuda::sweep

namespace regent::cuda::hmm {
template <>
struct RealTraits<sweep::Bars32> {
  using Mask = sweep::Word;
};
}  // namespace regent::cuda::hmm

namespace regent::cuda::sweep {

inline constexpr int word_bars = 32;
static_assert(word_bars == tile_bars_gpu);

// Bit t: raised[t], or bit t − 1 and kept[t]; `before`: bit −1. These are the carries of an addition.
REGENT_BODY Word runs_body(Word raised, Word kept, bool before) {
  const std::uint64_t a = raised.bits | kept.bits, b = raised.bits;
  const std::uint64_t sum = a + b + (before ? 1U : 0U);
  return {static_cast<std::uint32_t>((a ^ b ^ sum) >> 1)};
}

// What a lane's columns say of a tile's bars, whatever was wished before: where a side is entered, and where
// it is stayed in. No bar that is not allowed is in either.
struct Signs {
  Wish<Bars32> raised, kept;
};

// wish_body, of all bars of a word.
REGENT_BODY Wish<Bars32> wishes_body(const Signs& signs, Wish<float> before) {
  const Word is_long = runs_body(signs.raised.is_long, signs.kept.is_long, before.is_long);
  const Word may_short = !is_long;
  return {is_long,
          runs_body(signs.raised.is_short && may_short, signs.kept.is_short && may_short, before.is_short)};
}

// The bits [first, end) of a word, end > first.
REGENT_BODY std::uint32_t bits_between(int first, int end) {
  return (~0U >> (word_bars - (end - first))) << first;
}

// A column from a bar on, less another one if `minus` says so.
template <bool minus>
struct ColumnValue {
  const float *first, *less;
  REGENT_BODY float at(int bar) const {
    return minus ? first[bar * table_block] - less[bar * table_block] : first[bar * table_block];
  }
};

template <bool below>
REGENT_BODY void compare_bar(float value, float level, int bar, Sides<Bars32>& out) {
  const Sides<float> sides = compare_body<float>(value, level);
  if (sides.above) out.above.bits |= 1U << bar;
  if (below && sides.below) out.below.bits |= 1U << bar;
}

// below: whether that side is asked for.
template <bool below, class Value>
REGENT_BODY Sides<Bars32> compare_word(Value value, float level, int bars) {
  Sides<Bars32> out{{0}, {0}};
  if (bars < word_bars) {
    for (int i = 0; i < bars; ++i) compare_bar<below>(value.at(i), level, i, out);
    return out;
  }
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
  for (int i = 0; i < word_bars; ++i) compare_bar<below>(value.at(i), level, i, out);
  return out;
}

template <bool below>
REGENT_BODY Sides<Bars32> compare_columns(const Job& job, std::int32_t column, std::int32_t minus,
                                          float level, int first_bar, int bars) {
  const float* first = table_at(job, column, first_bar);
  if (minus == no_column) return compare_word<below>(ColumnValue<false>{first, nullptr}, level, bars);
  return compare_word<below>(ColumnValue<true>{first, table_at(job, minus, first_bar)}, level, bars);
}

REGENT_BODY Word allowed_bars(const Job& job, int first_bar, int bars) {
  if (job.allowed == nullptr) return {~0U};
  Word word{0};
  for (int i = 0; i < bars; ++i) word.bits |= job.allowed[first_bar + i] != 0 ? 1U << i : 0U;
  return word;
}

// Whether lanes stay where they would not enter: a gate is asked of entries alone.
REGENT_BODY bool has_kept(const Shape& shape) {
  return (shape.stay || shape.gate) && !shape.votes;
}

// An entry on the other side ends a stay.
REGENT_BODY Signs signs_of(const Shape& shape, const Signals<Bars32>& of, Word allowed) {
  const Word none{0};
  Signs signs{{of.enter.above && allowed, of.enter.below && allowed}, {none, none}};
  if (has_kept(shape)) signs.kept = {of.stay.above && !of.enter.below && allowed, of.stay.below && allowed};
  return signs;
}

REGENT_BODY Signs find_signs(const Job& job, const Lane& lane, const TileSpan& tile) {
  const Shape& shape = job.shape;
  const Word none{0};
  const int bars = tile.end - tile.first;
  const float level = shape.votes ? 0 : lane.enter_level;
  if (!shape.shorts && !shape.stay && !shape.gate && !shape.side && !shape.votes && job.allowed == nullptr) {
    return {{compare_columns<false>(job, lane.enter, lane.minus, level, tile.first, bars).above, none},
            {none, none}};
  }
  const auto compare = [&](std::int32_t column, float of) {
    return compare_columns<true>(job, column, no_column, of, tile.first, bars);
  };
  Sides<Bars32> stay{none, none}, gate{none, none}, side{none, none};
  const Sides<Bars32> enter = compare_columns<true>(job, lane.enter, lane.minus, level, tile.first, bars);
  if (shape.stay) {
    stay = compare(lane.stay != no_column ? lane.stay : lane.enter, shape.votes ? 0 : lane.stay_level);
  }
  if (shape.gate) gate = compare(lane.gate, shape.votes ? 0 : lane.gate_level);
  if (shape.side) side = compare(lane.side, 0);
  const Word allowed = allowed_bars(job, tile.first, bars);
  if (!shape.votes) return signs_of(shape, signals_of<Bars32>(shape, enter, stay, gate, side, none), allowed);
  const auto wanted = [&](int votes) { return Word{lane.votes == votes ? ~0U : 0U}; };
  const Wish<Bars32> wish = vote_body<Bars32>(enter, stay, gate, {wanted(1), wanted(2), wanted(3)});
  return {{wish.is_long && allowed, shape.shorts ? wish.is_short && allowed : none}, {none, none}};
}

// How many words of a lane's signs in a tile can have a bit.
REGENT_BODY int words_of(const Shape& shape) {
  return (shape.shorts ? 2 : 1) * (has_kept(shape) ? 2 : 1);
}

// The signs of many lanes, [tiles, words_of, lanes]: neighbours read side by side.
struct SignTable {
  std::uint32_t* words;
  std::int64_t lanes;
  REGENT_BODY std::uint32_t* at(const Shape& shape, std::int64_t tile, std::int64_t lane) const {
    return words + tile * words_of(shape) * lanes + lane;
  }
  REGENT_BODY void put(const Shape& shape, std::int64_t tile, std::int64_t lane, const Signs& signs) const {
    std::uint32_t* to = at(shape, tile, lane);
    *to = signs.raised.is_long.bits;
    if (shape.shorts) *(to += lanes) = signs.raised.is_short.bits;
    if (!has_kept(shape)) return;
    *(to += lanes) = signs.kept.is_long.bits;
    if (shape.shorts) *(to += lanes) = signs.kept.is_short.bits;
  }
  REGENT_BODY Signs get(const Shape& shape, std::int64_t tile, std::int64_t lane) const {
    const std::uint32_t* from = at(shape, tile, lane);
    Signs signs{{{*from}, {0}}, {{0}, {0}}};
    if (shape.shorts) signs.raised.is_short.bits = *(from += lanes);
    if (!has_kept(shape)) return signs;
    signs.kept.is_long.bits = *(from += lanes);
    if (shape.shorts) signs.kept.is_short.bits = *(from += lanes);
    return signs;
  }
};

// What a lane carries through the bars, in registers.
struct LaneMarks {
  float cash, units, lower, upper, before, peak, keep;
  REGENT_BODY bool held() const { return units != 0; }
};

// Sums of one lane in one bucket.
struct LaneSums {
  double sum, square_sum, downside_sum, held;
  REGENT_BODY void add(const Growth& growth) {
    sum += growth.sum;
    square_sum += growth.square_sum;
    downside_sum += growth.downside_sum;
  }
};

REGENT_BODY void take_account(const MarkState<float>& from, LaneMarks& marks) {
  marks.cash = from.cash[0];
  marks.units = from.units[0];
  marks.lower = from.lower[0];
  marks.upper = from.upper[0];
}

REGENT_BODY void mark_equity(LaneMarks& m, float close) {
  const float equity = fused(m.units, close, m.cash);
  m.before = equity;
  m.peak = maximum(m.peak, equity);
  if (equity < m.keep * m.peak) m.keep = equity / m.peak;
}

// Whether an all-in position meets nothing in bars of such prices that has to be looked at: no level, no
// deeper drawdown. Raises the peak where so.
template <bool has_levels>
REGENT_BODY bool is_quiet(const PriceRange& range, LaneMarks& m) {
  if (has_levels && (range.low_min < m.lower || m.upper < range.high_max)) return false;
  const float peak = maximum(m.peak, fused(m.units, range.close_max, m.cash));
  if (fused(m.units, range.close_min, m.cash) < m.keep * peak) return false;
  m.peak = peak;
  return true;
}

// Whether a lane has gone through a stretch in which its wish does not change.
template <bool all_in, bool has_levels>
REGENT_BODY bool pass_stretch(const Stretch& stretch, LaneMarks& m, LaneSums& sums) {
  if (!m.held()) return true;
  if (!all_in || !is_quiet<has_levels>(stretch.range, m)) return false;
  sums.add(stretch.growth);
  sums.held += stretch.end - stretch.first;
  return true;
}

// Of the bars [first, end), end > first.
template <bool has_levels>
REGENT_BODY PriceRange range_between(const Marks<float>& marks, int first, int end) {
  PriceRange range{marks.close[first], marks.close[first], 0, 0};
  if (has_levels) range.low_min = marks.low[first], range.high_max = marks.high[first];
  for (int t = first + 1; t < end; ++t) {
    range.close_min = fminf(range.close_min, marks.close[t]);
    range.close_max = fmaxf(range.close_max, marks.close[t]);
    if (!has_levels) continue;
    range.low_min = fminf(range.low_min, marks.low[t]);
    range.high_max = fmaxf(range.high_max, marks.high[t]);
  }
  return range;
}

// Marks the bars from `t` on up to the first one in which a level may be reached, or to `end`; returns it.
template <bool all_in, bool has_levels>
REGENT_BODY int mark_bars(const Marks<float>& marks, LaneMarks& m, int t, int end, float* sums) {
  if (all_in && t < end && is_quiet<has_levels>(range_between<has_levels>(marks, t, end), m)) return end;
  for (; t < end; ++t) {
    if (has_levels && (marks.low[t] < m.lower || m.upper < marks.high[t])) break;
    if (!all_in) {
      const float earned = m.units * marks.change[t] / m.before, lost = select(earned < 0, earned, 0.0F);
      sums[0] += earned;
      sums[1] = fused(earned, earned, sums[1]);
      sums[2] = fused(lost, lost, sums[2]);
    }
    mark_equity(m, marks.close[t]);
  }
  return t;
}

// The growth of the bars [first, end) of a stretch.
REGENT_BODY Growth growth_between(const Job& job, const Stretch& stretch, int first, int end) {
  if (end == first) return {};
  const Growth all = job.growth[end - 1];
  if (first == stretch.first) return all;
  const Growth less = job.growth[first - 1];
  return {all.sum - less.sum, all.square_sum - less.square_sum, all.downside_sum - less.downside_sum};
}

// The wishes that are traded in each bar of a tile, those of the close before, and those of the bar before.
struct Changes {
  std::uint32_t is_long, is_short, was_long, was_short;
  REGENT_BODY std::uint32_t any() const { return (is_long ^ was_long) | (is_short ^ was_short); }
};

REGENT_BODY Changes changes_of(Wish<Bars32> wish, Wish<float> before, Wish<float> done) {
  Changes c{wish.is_long.bits << 1 | (before.is_long ? 1U : 0U),
            wish.is_short.bits << 1 | (before.is_short ? 1U : 0U), 0, 0};
  c.was_long = c.is_long << 1 | (done.is_long ? 1U : 0U);
  c.was_short = c.is_short << 1 | (done.is_short ? 1U : 0U);
  return c;
}

// Bar by bar, from trade to trade: the lanes of a warp meet at each lane's next one.
template <bool all_in, bool has_levels>
REGENT_BODY void walk_stretch(const Job& job, const Marks<float>& marks, const Stretch& stretch,
                              int first_bar, const Changes& changes, std::uint32_t events, bool last,
                              GroupState<float>& state, LaneMarks& m, LaneSums& sums) {
  const NoRecorder nobody;
  const Trader<float, NoRecorder> trade{job, state, nobody, last};
  float earned[3] = {0, 0, 0};
  for (int t = stretch.first;;) {
    const int next = events != 0 ? first_bar + lowest_bit(events) : stretch.end;
    const int from = t;
    t = m.held() ? mark_bars<all_in, has_levels>(marks, m, t, next, earned) : next;
    if (m.held()) {
      sums.held += t - from;
      if (all_in) sums.add(growth_between(job, stretch, from, t));
    }
    if (t >= stretch.end) break;
    const int i = t - first_bar;
    const auto is = [&](std::uint32_t bits) { return (bits >> i & 1U) != 0; };
    trade(true, t, {is(changes.is_long), is(changes.is_short)},
          {is(changes.was_long), is(changes.was_short)});
    take_account(state.marks, m);
    mark_equity(m, marks.close[t]);
    if (m.held()) sums.held += 1;
    events &= ~(1U << i);
    ++t;
  }
  sums.add({earned[0], earned[1], earned[2]});
  Account& account = state.accounts[0];
  sums.add({account.sum, account.square_sum, account.downside_sum});
  account.sum = account.square_sum = account.downside_sum = 0;
}

REGENT_BODY void put_sums(const LaneSums& sums, BucketSums& out) {
  out.sum += sums.sum;
  out.square_sum += sums.square_sum;
  out.downside_sum += sums.downside_sum;
  out.held += sums.held;
}

// buckets: [job.buckets] of the lane, zero at first. column: the lane's in the table of signs.
template <bool all_in, bool has_levels>
REGENT_BODY Outcome run_lane(const Job& job, const Marks<float>& marks, const Lane& lane,
                             const SignTable& table, std::int64_t column, BucketSums* buckets) {
  GroupState<float> state;
  start_group<float>({job, &lane, 1}, state);
  LaneMarks m{1, 0, state.marks.lower[0], state.marks.upper[0], 1, 1, 1};
  LaneSums sums{};
  std::int32_t bucket = job.stretches[0].bucket;
  Wish<float> before{false, false}, done{false, false};
  Signs next = table.get(job.shape, 0, column);
  for (std::int32_t k = 0; k < job.tile_count; ++k) {
    const TileSpan tile = job.tiles[k];
    const Wish<Bars32> wish = wishes_body(next, before);
    if (k + 1 < job.tile_count)
      next = table.get(job.shape, k + 1, column);  // under way while this one's bars pass
    const Changes changes = changes_of(wish, before, done);
    for (std::int32_t s = tile.first_stretch; s < tile.end_stretch; ++s) {
      const Stretch& stretch = job.stretches[s];
      if (stretch.bucket != bucket) {
        put_sums(sums, buckets[bucket]);
        sums = {};
        bucket = stretch.bucket;
      }
      const bool last = job.rules.close_last && stretch.first == job.bars - 1;
      const std::uint32_t here = bits_between(stretch.first - tile.first, stretch.end - tile.first);
      const std::uint32_t events = last ? here : changes.any() & here;
      if (events == 0 && pass_stretch<all_in, has_levels>(stretch, m, sums)) continue;
      walk_stretch<all_in, has_levels>(job, marks, stretch, tile.first, changes, events, last, state, m,
                                       sums);
    }
    const int end = tile.end - tile.first - 1;
    done = {(changes.is_long >> end & 1U) != 0, (changes.is_short >> end & 1U) != 0};
    before = {(wish.is_long.bits >> end & 1U) != 0, (wish.is_short.bits >> end & 1U) != 0};
  }
  put_sums(sums, buckets[bucket]);
  state.marks.keep[0] = m.keep;
  return outcome_of<float>(job, state, 0);
}

}  // namespace regent::cuda::sweep
