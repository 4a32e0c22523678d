#include "cuda/trading/sweep_prepared.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::cuda::sweep {
namespace {

void check_rate(const char* name, double value) {
  if (value >= 0 && value <= 0.1) return;
  throw InputError(std::string(name) + " is " + std::to_string(value) + "; it must be between 0 and 0.1");
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

bool is_fraction(double value) {
  return value >= 0 && value < 1e6;
}

Shape shape_of(const Task& task) {
  const Lane& first = task.lanes[0];
  Shape shape;
  shape.minus = first.minus != no_column;
  shape.stay = first.stay != no_column;
  shape.gate = first.gate != no_column;
  shape.side = first.side != no_column;
  shape.votes = first.votes > 0;
  shape.shorts = task.rules.shorts;
  shape.levels = shape.shorts;
  bool other_stay = false;
  for (const Lane& lane : task.lanes) {
    const bool same = (lane.minus != no_column) == shape.minus && (lane.stay != no_column) == shape.stay &&
                      (lane.gate != no_column) == shape.gate && (lane.side != no_column) == shape.side &&
                      (lane.votes > 0) == shape.votes;
    REGENT_INVARIANT(same, "lanes of one call have different columns");
    other_stay = other_stay || lane.stay_level != lane.enter_level;
    shape.levels = shape.levels || lane.stop > 0 || lane.target > 0;
  }
  shape.stay = shape.stay || (other_stay && !shape.votes);
  shape.all_in = !shape.shorts && task.rules.size == 1 && !task.rules.whole_units;
  return shape;
}

void check_lanes(const Task& task) {
  REGENT_INVARIANT(!task.lanes.empty() && task.lanes.size() < (std::size_t{1} << 31),
                   "no lanes, or too many");
  const auto columns = static_cast<std::int64_t>(task.table.columns);
  for (const Lane& lane : task.lanes) {
    for (const std::int32_t column : {lane.enter, lane.minus, lane.stay, lane.gate, lane.side}) {
      REGENT_INVARIANT(column >= no_column && column < columns, "a lane reads a column that is not there");
    }
    REGENT_INVARIANT(lane.enter >= 0 && lane.votes >= 0 && lane.votes <= 3, "a lane without an entry");
    REGENT_INVARIANT(lane.votes == 0 || (lane.stay >= 0 && lane.gate >= 0), "votes need three columns");
    if (is_fraction(lane.stop) && lane.stop < 1 && is_fraction(lane.target)) continue;
    throw InputError("stop " + std::to_string(lane.stop) + " and target " + std::to_string(lane.target) +
                     " must be fractions of the entry's price: 0 (none) or more, a stop below 1");
  }
}

}  // namespace

void validate(const TradingRules& rules) {
  check_rate("fee_rate", rules.fee_rate);
  check_rate("slippage_rate", rules.slippage_rate);
  if (!(rules.start_cash > 0) || rules.start_cash > 1e15) {
    throw InputError("start_cash is " + std::to_string(rules.start_cash) +
                     "; it must be positive, at most 1e15");
  }
  if (!(rules.size > 0) || rules.size > 1) {
    throw InputError("size is " + std::to_string(rules.size) +
                     "; it is the fraction of the equity that an entry spends, above 0 and at most 1");
  }
}

template <class T>
PreparedJob<T>::PreparedJob(const Task& task, int tile_bars) : job{}, marks{} {
  validate(task.rules);
  check_bars(task.bars);
  check_lanes(task);
  const std::size_t bars = task.bars.count();
  REGENT_INVARIANT(task.table.values.size() == Table::size(bars, task.table.columns),
                   "the table's shape is not the bars'");
  REGENT_INVARIANT(task.allowed.empty() || task.allowed.size() == bars, "allowed has another length");
  const double unit = task.bars.close[0];
  for (std::size_t t = 0; t < bars; ++t) {
    const double close = task.bars.close[t], before = task.bars.close[t == 0 ? 0 : t - 1];
    const double growth = (close - before) / before, loss = std::min(growth, 0.0);
    close_.push_back(static_cast<T>(close / unit));
    change_.push_back(static_cast<T>((close - before) / unit));
    growth_.push_back(static_cast<T>(growth));
    growth_square_.push_back(static_cast<T>(growth * growth));
    loss_square_.push_back(static_cast<T>(loss * loss));
    low_.push_back(static_cast<T>(task.bars.low[t] / unit));
    high_.push_back(static_cast<T>(task.bars.high[t] / unit));
  }
  plan(task, tile_bars);
  results.outcomes.resize(task.lanes.size());
  results.buckets.resize(task.lanes.size() * static_cast<std::size_t>(task.buckets));
  marks = {close_.data(),       change_.data(), growth_.data(), growth_square_.data(),
           loss_square_.data(), low_.data(),    high_.data()};
  job.open = task.bars.open.data();
  job.high = task.bars.high.data();
  job.low = task.bars.low.data();
  job.close = task.bars.close.data();
  job.bars = static_cast<std::int64_t>(bars);
  job.per_first_close = 1 / unit;
  job.per_start_cash = 1 / task.rules.start_cash;
  job.first_close_per_start_cash = unit / task.rules.start_cash;
  job.table = task.table.values.data();
  job.lanes = task.lanes.data();
  job.buckets = task.buckets;
  job.allowed = task.allowed.empty() ? nullptr : task.allowed.data();
  job.stretches = stretches_.data();
  job.tiles = tiles_.data();
  job.tile_count = static_cast<std::int32_t>(tiles_.size());
  job.rules = task.rules;
  job.shape = shape_of(task);
  job.outcomes = results.outcomes.data();
  job.sums = results.buckets.data();
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
      stretches_.push_back({t, stop, bucket(t)});
      t = stop;
    }
    tiles_.push_back({first, end, first_stretch, static_cast<std::int32_t>(stretches_.size())});
  }
}

template class PreparedJob<float>;
template class PreparedJob<double>;

}  // namespace regent::cuda::sweep
