#include "cuda/trading/sweep_prepared.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::cuda::sweep {
namespace {

bool is_rate(double value) {
  return value >= 0 && value <= 0.1;
}

void check_rate(const std::string& name, double value) {
  if (is_rate(value)) return;
  throw InputError(name + " is " + std::to_string(value) + "; it must be between 0 and 0.1");
}

void check_prices(const char* name, std::span<const double> prices) {
  for (std::size_t t = 0; t < prices.size(); ++t) {
    if (std::isfinite(prices[t]) && prices[t] > 0) continue;
    throw InputError(std::string(name) + " of bar " + std::to_string(t) + " is " + std::to_string(prices[t]) +
                     "; prices must be positive, and bars with a missing one left out");
  }
}

void check_bars(const Bars& bars) {
  const std::size_t count = bars.count();
  REGENT_INVARIANT(bars.open.size() == count && bars.high.size() == count && bars.low.size() == count,
                   "the four prices have different lengths");
  if (count < 2 || count > bars_max) {
    throw InputError(std::to_string(count) + " bars; a sweep needs between 2 and " +
                     std::to_string(bars_max));
  }
  check_prices("open", bars.open);
  check_prices("high", bars.high);
  check_prices("low", bars.low);
  check_prices("close", bars.close);
  for (std::size_t t = 0; t < count; ++t) {
    if (bars.low[t] <= std::min(bars.open[t], bars.close[t]) &&
        bars.high[t] >= std::max(bars.open[t], bars.close[t])) {
      continue;
    }
    throw InputError("bar " + std::to_string(t) + ": open or close lies outside of low and high");
  }
}

void check_slippage(const Task& task) {
  const std::span<const double> rates = task.slippage_rates;
  REGENT_INVARIANT(rates.empty() || rates.size() == task.bars.count(), "slippage_rates has another length");
  for (std::size_t t = 0; t < rates.size(); ++t) {
    if (!is_rate(rates[t])) check_rate("slippage_rate of bar " + std::to_string(t), rates[t]);
  }
}

bool is_fraction(double value) {
  return value >= 0 && value < 1e6;
}

// What some lanes say together.
struct LaneFacts {
  std::size_t wrong = no_lane;  // the first one with a stop or target that cannot be
  bool same = true;             // whether all have the columns of the first
  bool stay = false, levels = false;
  static constexpr std::size_t no_lane = ~std::size_t{0};
};

bool has_same_columns(const Lane& a, const Lane& b) {
  return (a.minus != no_column) == (b.minus != no_column) && (a.stay != no_column) == (b.stay != no_column) &&
         (a.gate != no_column) == (b.gate != no_column) && (a.side != no_column) == (b.side != no_column) &&
         (a.votes > 0) == (b.votes > 0);
}

void check_columns(const Lane& lane, std::int64_t columns) {
  for (const std::int32_t column : {lane.enter, lane.minus, lane.stay, lane.gate, lane.side}) {
    REGENT_INVARIANT(column >= no_column && column < columns, "a lane reads a column that is not there");
  }
  REGENT_INVARIANT(lane.enter >= 0 && lane.votes >= 0 && lane.votes <= 3, "a lane without an entry");
  REGENT_INVARIANT(lane.votes == 0 || (lane.stay >= 0 && lane.gate >= 0), "votes need three columns");
}

LaneFacts facts_of(const Task& task, std::size_t first, std::size_t end, LaneFacts facts) {
  for (std::size_t i = first; i < end; ++i) {
    const Lane& lane = task.lanes[i];
    check_columns(lane, static_cast<std::int64_t>(task.table.columns));
    if (!(is_fraction(lane.stop) && lane.stop < 1 && is_fraction(lane.target)))
      facts.wrong = std::min(facts.wrong, i);
    facts.same = facts.same && has_same_columns(lane, task.lanes[0]);
    facts.stay = facts.stay || lane.stay_level != lane.enter_level;
    facts.levels = facts.levels || lane.stop > 0 || lane.target > 0;
  }
  return facts;
}

LaneFacts both(const LaneFacts& a, const LaneFacts& b) {
  return {std::min(a.wrong, b.wrong), a.same && b.same, a.stay || b.stay, a.levels || b.levels};
}

LaneFacts checked_lanes(const Task& task) {
  constexpr std::size_t grain = 4096;
  REGENT_INVARIANT(!task.lanes.empty() && task.lanes.size() < (std::size_t{1} << 31),
                   "no lanes, or too many");
  const LaneFacts facts = tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, task.lanes.size(), grain), LaneFacts{},
      [&](const auto& range, const LaneFacts& so_far) {
        return facts_of(task, range.begin(), range.end(), so_far);
      },
      both);
  REGENT_INVARIANT(facts.same, "lanes of one call have different columns");
  if (facts.wrong == LaneFacts::no_lane) return facts;
  const Lane& lane = task.lanes[facts.wrong];
  throw InputError("stop " + std::to_string(lane.stop) + " and target " + std::to_string(lane.target) +
                   " must be fractions of the entry's price: 0 (none) or more, a stop below 1");
}

Shape shape_of(const Task& task, const LaneFacts& facts) {
  const Lane& first = task.lanes[0];
  Shape shape;
  shape.gate = first.gate != no_column;
  shape.side = first.side != no_column;
  shape.votes = first.votes > 0;
  shape.shorts = task.rules.shorts;
  shape.levels = shape.shorts || facts.levels;
  shape.stay = first.stay != no_column || (facts.stay && !shape.votes);
  shape.all_in = !shape.shorts && task.rules.size == 1 && !task.rules.whole_units;
  return shape;
}

}  // namespace

void validate(const TradingRules& rules, const RuleNames& names) {
  check_rate(names.fee_rate, rules.fee_rate);
  check_rate(names.slippage_rate, rules.slippage_rate);
  if (!(rules.start_cash > 0) || rules.start_cash > 1e15) {
    throw InputError(names.start_cash + (" is " + std::to_string(rules.start_cash)) +
                     "; it must be positive, at most 1e15");
  }
  if (!(rules.size > 0) || rules.size > 1) {
    throw InputError(names.size + (" is " + std::to_string(rules.size)) +
                     "; it is the fraction of the equity that an entry spends, above 0 and at most 1");
  }
}

template <class T>
PreparedJob<T>::PreparedJob(const Task& task, int tile_bars) : job{}, marks{} {
  validate(task.rules);
  check_bars(task.bars);
  check_slippage(task);
  const LaneFacts facts = checked_lanes(task);
  const std::size_t bars = task.bars.count();
  REGENT_INVARIANT(
      task.table.values.size() == (task.columns.empty() ? Table::size(bars, task.table.columns) : 0),
      "the table's shape is not the bars'");
  REGENT_INVARIANT(task.allowed.empty() || task.allowed.size() == bars, "allowed has another length");
  put_marks(task.bars);
  plan(task, tile_bars);
  job.open = task.bars.open.data();
  job.high = task.bars.high.data();
  job.low = task.bars.low.data();
  job.close = task.bars.close.data();
  job.bars = static_cast<std::int64_t>(bars);
  const double unit = task.bars.close[0];
  job.per_first_close = 1 / unit;
  job.per_start_cash = 1 / task.rules.start_cash;
  job.first_close_per_start_cash = unit / task.rules.start_cash;
  job.table = task.table.values.data();
  job.lanes = task.lanes.data();
  job.buckets = task.buckets;
  job.allowed = task.allowed.empty() ? nullptr : task.allowed.data();
  job.slippage_rates = task.slippage_rates.empty() ? nullptr : task.slippage_rates.data();
  job.growth = growth_sums_.data();
  job.stretches = stretches_.data();
  job.tiles = tiles_.data();
  job.tile_count = static_cast<std::int32_t>(tiles_.size());
  job.rules = task.rules;
  job.shape = shape_of(task, facts);
}

template <class T>
void PreparedJob<T>::put_marks(const Bars& bars) {
  const std::size_t count = bars.count();
  for (auto* column : {&close_, &change_, &growth_, &growth_square_, &loss_square_, &low_, &high_})
    column->resize(count);
  growth_sums_.resize(count);
  const double unit = bars.close[0];
  const auto put = [&](std::size_t t) {
    const double close = bars.close[t], before = bars.close[t == 0 ? 0 : t - 1];
    const double growth = (close - before) / before, loss = std::min(growth, 0.0);
    growth_sums_[t] = {growth, growth * growth, loss * loss};
    close_[t] = static_cast<T>(close / unit);
    change_[t] = static_cast<T>((close - before) / unit);
    growth_[t] = static_cast<T>(growth);
    growth_square_[t] = static_cast<T>(growth * growth);
    loss_square_[t] = static_cast<T>(loss * loss);
    low_[t] = static_cast<T>(bars.low[t] / unit);
    high_[t] = static_cast<T>(bars.high[t] / unit);
  };
  constexpr std::size_t grain = 2048;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, grain), [&](const auto& range) {
    for (std::size_t t = range.begin(); t < range.end(); ++t) put(t);
  });
  marks = {close_.data(),       change_.data(), growth_.data(), growth_square_.data(),
           loss_square_.data(), low_.data(),    high_.data()};
}

// Stretches end where a tile or a bucket does, and the last bar is one of its own.
template <class T>
void PreparedJob<T>::plan(const Task& task, int tile_bars) {
  const auto bars = static_cast<std::int32_t>(task.bars.count());
  REGENT_INVARIANT(task.bucket.empty() ? task.buckets == 1 : task.bucket.size() == task.bars.count(),
                   "the buckets' shape is not the bars'");
  const auto bucket = [&](std::int32_t t) { return task.bucket.empty() ? 0 : task.bucket[t]; };
  for (std::int32_t first = 0; first < bars; first += tile_bars) {
    const std::int32_t end = std::min(bars, first + tile_bars);
    const auto first_stretch = static_cast<std::int32_t>(stretches_.size());
    for (std::int32_t t = first; t < end;) {
      REGENT_INVARIANT(bucket(t) >= 0 && bucket(t) < task.buckets, "a bar lies in no bucket");
      const std::int32_t limit = std::min(t < bars - 1 ? std::min(end, bars - 1) : end, t + stretch_bars_max);
      std::int32_t stop = t + 1;
      while (stop < limit && bucket(stop) == bucket(t)) ++stop;
      put_stretch(t, stop, bucket(t));
      t = stop;
    }
    tiles_.push_back({first, end, first_stretch, static_cast<std::int32_t>(stretches_.size())});
  }
}

template <class T>
void PreparedJob<T>::put_stretch(std::int32_t first, std::int32_t end, std::int32_t bucket) {
  const auto span = [&](const std::vector<T>& of) { return std::span(of).subspan(first, end - first); };
  for (std::int32_t t = first + 1; t < end; ++t) {
    const Growth& before = growth_sums_[t - 1];
    Growth& growth = growth_sums_[t];
    growth.sum += before.sum;
    growth.square_sum += before.square_sum;
    growth.downside_sum += before.downside_sum;
  }
  const PriceRange range{
      static_cast<float>(std::ranges::min(span(close_))), static_cast<float>(std::ranges::max(span(close_))),
      static_cast<float>(std::ranges::min(span(low_))), static_cast<float>(std::ranges::max(span(high_)))};
  stretches_.push_back({first, end, bucket, range, growth_sums_[end - 1]});
}

template class PreparedJob<float>;
template class PreparedJob<double>;

}  // namespace regent::cuda::sweep
