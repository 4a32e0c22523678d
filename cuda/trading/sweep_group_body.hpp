#pragma once
// Groups of R's width of lanes through all bars: the wishes of a tile of time, then its marks. R: Pack<float>
// in the CPU's lane kernels, double for a single lane; the GPU's way is sweep_lane_body.hpp. Index and call;
// the maths is in the other bodies.

#include <cstddef>
#include <cstdint>

#include "cuda/trading/sweep_account_body.hpp"
#include "cuda/trading/sweep_job.hpp"
#include "cuda/trading/sweep_masks.hpp"
// the bodies see the masks' operations
#include "cuda/trading/sweep_mark_body.hpp"
#include "cuda/trading/sweep_signal_body.hpp"

namespace regent::cuda::sweep {

template <class R>
REGENT_BODY R table_value(const float* from) {
  if constexpr (hmm::Lanes<R>::width == 1) {
    return static_cast<R>(*from);
  } else {
    return hmm::Lanes<R>::load(from);
  }
}

// The ways in which a group's lanes find their columns, each at a bar counted from `first`.
template <class R>
struct Contiguous {  // in one block
  const float* first;
  REGENT_BODY R at(int bar) const { return table_value<R>(first + bar * table_block); }
};
template <class R>
struct Same {
  const float* first;
  REGENT_BODY R at(int bar) const {
    return hmm::Lanes<R>::all(static_cast<hmm::ScalarOf<R>>(first[bar * table_block]));
  }
};
template <class R>
struct Scattered {
  const float* columns[hmm::Lanes<R>::width];
  REGENT_BODY R at(int bar) const {
    hmm::ScalarOf<R> gathered[hmm::Lanes<R>::width];
    for (int i = 0; i < hmm::Lanes<R>::width; ++i) {
      gathered[i] = static_cast<hmm::ScalarOf<R>>(columns[i][bar * table_block]);
    }
    return hmm::Lanes<R>::load(gathered);
  }
};
template <class R>
struct Nothing {
  REGENT_BODY R at(int) const { return hmm::Lanes<R>::all(0); }
};

// Everything that one group keeps from tile to tile.
template <class R>
struct GroupState {
  MarkState<R> marks;
  Wish<R> wish;  // of the last bar of the tile before
  Account accounts[hmm::Lanes<R>::width];
};

// What a tile's wishes are made of; bars_max: the longest tile.
template <class R, int bars_max>
struct Tile {
  Wish<R> wishes[bars_max + 1];  // [0]: of the bar before the tile
  Sides<R> enter[bars_max], stay[bars_max], gate[bars_max], side[bars_max];
};

// A group's lanes: `count` real ones; the last one is repeated up to the width.
template <class R>
struct Group {
  static constexpr int width = hmm::Lanes<R>::width;
  const Job& job;
  const Lane* lanes;
  int count;
  REGENT_BODY const Lane& lane(int i) const { return lanes[i < count ? i : count - 1]; }
};

template <class R, class Of>
REGENT_BODY R of_lanes(const Group<R>& group, const Of& of) {
  hmm::ScalarOf<R> values[Group<R>::width];
  for (int i = 0; i < Group<R>::width; ++i) values[i] = static_cast<hmm::ScalarOf<R>>(of(group.lane(i)));
  return hmm::Lanes<R>::load(values);
}

template <class R, class A, class B>
REGENT_SERIES_BODY void compare_bars(A a, B b, R level, int bars, Sides<R>* out) {
  for (int i = 0; i < bars; ++i) out[i] = compare_body<R>(a.at(i) - b.at(i), level);
}

// Lanes that are long exactly where their value is above the level.
template <class R, class A, class B>
REGENT_SERIES_BODY void long_above(A a, B b, R level, int bars, Wish<R>* out) {
  const Mask<R> none = no_lanes<R>();
  for (int i = 0; i < bars; ++i) out[i] = {level < a.at(i) - b.at(i), none};
}

// A bar of a column of the table.
REGENT_BODY const float* table_at(const Job& job, std::int32_t column, int bar) {
  return job.table + (column / table_block * job.bars + bar) * table_block + column % table_block;
}

// Calls `use` with the loader of one column per lane.
template <class R, class Use>
REGENT_BODY void with_column(const Group<R>& group, std::int32_t Lane::*column, int first_bar,
                             const Use& use) {
  constexpr int width = Group<R>::width;
  const std::int32_t first = group.lane(0).*column;
  bool same = true, contiguous = first % table_block + width <= table_block;
  for (int i = 0; i < width; ++i) {
    same = same && group.lane(i).*column == first;
    contiguous = contiguous && group.lane(i).*column == first + i;
  }
  if (first < 0) {
    use(Nothing<R>{});
  } else if (same) {
    use(Same<R>{table_at(group.job, first, first_bar)});
  } else if (contiguous) {
    use(Contiguous<R>{table_at(group.job, first, first_bar)});
  } else {
    Scattered<R> scattered{};
    for (int i = 0; i < width; ++i) {
      scattered.columns[i] = table_at(group.job, group.lane(i).*column, first_bar);
    }
    use(scattered);
  }
}

template <class R>
REGENT_BODY void compare_column(const Group<R>& group, std::int32_t Lane::*column, R level, int first_bar,
                                int bars, Sides<R>* out) {
  with_column<R>(group, column, first_bar,
                 [&](const auto& a) { compare_bars<R>(a, Nothing<R>{}, level, bars, out); });
}

template <class R>
REGENT_BODY R level_of(const Group<R>& group, float Lane::*level) {
  if (group.job.shape.votes) return hmm::Lanes<R>::all(0);
  return of_lanes<R>(group, [&](const Lane& lane) { return lane.*level; });
}

template <class R>
REGENT_BODY Quorum<R> quorum_of(const Group<R>& group) {
  const R votes = of_lanes<R>(group, [](const Lane& lane) { return lane.votes; });
  return {votes == hmm::Lanes<R>::all(1), votes == hmm::Lanes<R>::all(2), votes == hmm::Lanes<R>::all(3)};
}

// What may be entered and what may stay, by the columns that the lanes have.
template <class R>
struct Signals {
  Sides<R> enter, stay;
};

template <class R>
REGENT_BODY Signals<R> signals_of(const Shape& shape, Sides<R> enter, Sides<R> stay, Sides<R> gate,
                                  Sides<R> side, Mask<R> none) {
  if (!shape.stay) stay = enter;
  if (shape.gate) enter = both<R>(enter, {gate.above, gate.above});  // a gate has no sides
  if (shape.side) {
    enter = both<R>(enter, side);
    stay = both<R>(stay, side);
  }
  if (!shape.shorts) enter.below = stay.below = none;
  return {enter, stay};
}

template <class R, int bars_max>
REGENT_BODY Wish<R> wish_of_bar(const Shape& shape, const Tile<R, bars_max>& tile, int i) {
  const Signals<R> of =
      signals_of<R>(shape, tile.enter[i], tile.stay[i], tile.gate[i], tile.side[i], no_lanes<R>());
  return wish_body<R>(of.enter, of.stay, tile.wishes[i]);
}

template <class R, int bars_max>
REGENT_SERIES_BODY void combine(const Group<R>& group, Tile<R, bars_max>& tile, int first_bar, int bars) {
  const Shape& shape = group.job.shape;
  const Quorum<R> quorum = quorum_of<R>(group);
  const std::uint8_t* allowed = group.job.allowed;
  for (int i = 0; i < bars; ++i) {
    Wish<R> wish = shape.votes ? vote_body<R>(tile.enter[i], tile.stay[i], tile.gate[i], quorum)
                               : wish_of_bar<R, bars_max>(shape, tile, i);
    if (!shape.shorts) wish.is_short = no_lanes<R>();
    if (allowed != nullptr && allowed[first_bar + i] == 0) wish = {no_lanes<R>(), no_lanes<R>()};
    tile.wishes[i + 1] = wish;
  }
}

// The wishes of the bars [first_bar, first_bar + bars) into tile.wishes[1…].
template <class R, int bars_max>
REGENT_BODY void find_wishes(const Group<R>& group, Tile<R, bars_max>& tile, int first_bar, int bars) {
  const Shape& shape = group.job.shape;
  const bool plain = !shape.shorts && !shape.stay && !shape.gate && !shape.side && !shape.votes &&
                     group.job.allowed == nullptr;
  const R level = level_of<R>(group, &Lane::enter_level);
  const auto compare = [&](const auto& a, const auto& b) {
    if (plain) {
      long_above<R>(a, b, level, bars, tile.wishes + 1);
    } else {
      compare_bars<R>(a, b, level, bars, tile.enter);
    }
  };
  with_column<R>(group, &Lane::enter, first_bar, [&](const auto& a) {
    with_column<R>(group, &Lane::minus, first_bar, [&](const auto& b) { compare(a, b); });
  });
  if (plain) return;
  if (shape.stay) {
    const auto column = group.lane(0).stay != no_column ? &Lane::stay : &Lane::enter;
    compare_column<R>(group, column, level_of<R>(group, &Lane::stay_level), first_bar, bars, tile.stay);
  }
  if (shape.gate) {
    compare_column<R>(group, &Lane::gate, level_of<R>(group, &Lane::gate_level), first_bar, bars, tile.gate);
  }
  if (shape.side) {
    compare_column<R>(group, &Lane::side, hmm::Lanes<R>::all(0), first_bar, bars, tile.side);
  }
  combine<R, bars_max>(group, tile, first_bar, bars);
}

// Trades of a group's lanes in one stretch.
template <class R, class Recorder>
struct Trader {
  using T = hmm::ScalarOf<R>;
  const Job& job;
  GroupState<R>& state;
  const Recorder& recorder;
  bool last;

  // Out of line: rare, and the marks keep their registers.
  REGENT_COLD_BODY void operator()(Mask<R> event, int bar, Wish<R> wish, Wish<R> done) const {
    const unsigned is_long = lane_bits(wish.is_long), is_short = lane_bits(wish.is_short);
    const unsigned fresh = (is_long ^ lane_bits(done.is_long)) | (is_short ^ lane_bits(done.is_short));
    for (unsigned events = lane_bits(event); events != 0; events &= events - 1) {
      const int i = lowest_bit(events);
      const int wanted = static_cast<int>(is_long >> i & 1U) - static_cast<int>(is_short >> i & 1U);
      trade_lane(i, bar, (fresh >> i & 1U) != 0, wanted);
    }
  }
  REGENT_BODY void trade_lane(int i, int bar, bool decided, int wanted) const {
    Account& account = state.accounts[i];
    const double slippage_rate =
        job.slippage_rates != nullptr ? job.slippage_rates[bar] : job.rules.slippage_rate;
    const BarPrices prices{job.close[bar - 1], job.open[bar],  job.high[bar],
                           job.low[bar],       job.close[bar], slippage_rate};
    trade_bar(account, prices, bar, decided, wanted, last, job.rules, recorder);
    recorder.traded(bar, account);
    put(i);
  }
  // The account in the marks' units; a level is drawn towards the price by more than R's rounding.
  REGENT_BODY void put(int i) const {
    constexpr double margin = sizeof(T) == 4 ? 4e-7 : 2e-15, far = 1e30;
    const Account& account = state.accounts[i];
    MarkState<R>& marks = state.marks;
    // a ruined lane stands still at one: its returns are zero, and its drawdown is known
    marks.cash[i] = static_cast<T>(account.ruined != 0 ? 1 : account.cash * job.per_start_cash);
    marks.units[i] = static_cast<T>(account.units * job.first_close_per_start_cash);
    if (!job.shape.levels) return;
    const double upper = account.upper * job.per_first_close * (1 - margin);
    marks.lower[i] = static_cast<T>(account.lower * job.per_first_close * (1 + margin));
    marks.upper[i] = static_cast<T>(upper < far ? upper : far);
  }
};

template <class R>
REGENT_BODY void start_group(const Group<R>& group, GroupState<R>& state) {
  using T = hmm::ScalarOf<R>;
  state.wish = {no_lanes<R>(), no_lanes<R>()};
  state.marks.long_done = state.marks.short_done = no_lanes<R>();
  for (int i = 0; i < Group<R>::width; ++i) {
    state.accounts[i] = opened_account(group.job.rules.start_cash, group.lane(i).stop, group.lane(i).target);
    state.marks.cash[i] = state.marks.equity[i] = state.marks.peak[i] = state.marks.keep[i] = T(1);
    state.marks.units[i] = T(0);
    state.marks.lower[i] = T(-1);
    state.marks.upper[i] = T(1e30);
  }
}

// What the accounts summed up in bars with a trade, into `sums` [sums_per_bucket, width].
template <class R>
REGENT_BODY void flush_accounts(GroupState<R>& state, double* sums) {
  constexpr int width = Group<R>::width;
  for (int i = 0; i < width; ++i) {
    Account& a = state.accounts[i];
    sums[i] += a.sum;
    sums[width + i] += a.square_sum;
    sums[2 * width + i] += a.downside_sum;
    a.sum = a.square_sum = a.downside_sum = 0;
  }
}

// One tile of one group; sums: [buckets, sums_per_bucket, width].
template <class R, bool all_in, bool has_levels, int bars_max, class Recorder>
REGENT_BODY void run_tile(const Group<R>& group, const Marks<hmm::ScalarOf<R>>& marks, GroupState<R>& state,
                          Tile<R, bars_max>& tile, const TileSpan& span, double* sums,
                          const Recorder& recorder) {
  const Job& job = group.job;
  tile.wishes[0] = state.wish;
  find_wishes<R, bars_max>(group, tile, span.first, span.end - span.first);
  for (int s = span.first_stretch; s < span.end_stretch; ++s) {
    const Stretch stretch = job.stretches[s];
    const bool last = job.rules.close_last && stretch.first == job.bars - 1;
    double* bucket = sums + static_cast<std::int64_t>(stretch.bucket) * sums_per_bucket * Group<R>::width;
    const Mask<R> none = no_lanes<R>();
    mark_stretch<R, all_in, has_levels>(marks, state.marks, tile.wishes + (stretch.first - span.first),
                                        stretch.first, stretch.end, last ? !none : none, bucket,
                                        Trader<R, Recorder>{job, state, recorder, last});
    flush_accounts<R>(state, bucket);
  }
  state.wish = tile.wishes[span.end - span.first];
}

template <class R>
REGENT_BODY Outcome outcome_of(const Job& job, const GroupState<R>& state, int i) {
  const Account& a = state.accounts[i];
  const double start = job.rules.start_cash;
  Outcome out;
  out.equity = (a.cash + a.units * job.close[job.bars - 1]) / start;
  out.drawdown_max = a.ruined != 0 ? 1 : 1 - static_cast<double>(state.marks.keep[i]);
  out.profit = a.profit / start;
  out.loss = a.loss / start;
  out.turnover = a.turnover;
  out.fees = a.fees / start;
  out.slippage = a.slippage / start;
  out.trades = a.trades;
  out.wins = a.wins;
  out.open_side = a.units > 0 ? 1 : a.units < 0 ? -1 : 0;
  out.ruined = a.ruined != 0;
  return out;
}

template <class R>
REGENT_BODY void write_group(const Group<R>& group, const GroupState<R>& state, const double* sums,
                             std::int64_t first_lane) {
  constexpr int width = Group<R>::width;
  const Job& job = group.job;
  for (int i = 0; i < group.count; ++i) {
    job.outcomes[first_lane + i] = outcome_of<R>(job, state, i);
    for (int b = 0; b < job.buckets; ++b) {
      const double* of = sums + static_cast<std::int64_t>(b) * sums_per_bucket * width + i;
      job.sums[(first_lane + i) * job.buckets + b] = {of[0], of[width], of[2 * width], of[3 * width]};
    }
  }
}

}  // namespace regent::cuda::sweep
