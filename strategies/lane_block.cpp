#include "strategies/lane_block.hpp"

#include <iterator>

namespace regent::strategies {
namespace {

using cuda::sweep::Lane;
using cuda::sweep::no_column;

// Calls `use` with every column of a recipe.
template <class Use>
void each_key(const Recipe& recipe, const Use& use) {
  use(recipe.enter);
  for (const auto* key : {&recipe.minus, &recipe.stay, &recipe.gate, &recipe.side}) {
    if (*key) use(**key);
  }
}

// One for every column that a lane may have.
struct LaneFinder {
  ColumnFinder enter, minus, stay, gate, side;
  explicit LaneFinder(const std::vector<ColumnKey>& keys)
      : enter(keys), minus(keys), stay(keys), gate(keys), side(keys) {}
};

Lane lane_of(const Recipe& recipe, LaneFinder& finder, double stop, double target) {
  const auto find = [](ColumnFinder& of, const std::optional<ColumnKey>& key) {
    return key ? of.find(*key) : no_column;
  };
  Lane lane;
  lane.enter = finder.enter.find(recipe.enter);
  lane.minus = find(finder.minus, recipe.minus);
  lane.stay = find(finder.stay, recipe.stay);
  lane.gate = find(finder.gate, recipe.gate);
  lane.side = find(finder.side, recipe.side);
  lane.enter_level = static_cast<float>(recipe.enter_level);
  lane.stay_level = static_cast<float>(recipe.stay_level.value_or(recipe.enter_level));
  lane.gate_level = static_cast<float>(recipe.gate_level);
  lane.votes = recipe.votes;
  lane.stop = stop;
  lane.target = target;
  return lane;
}

// Calls `use(i, recipe, values)` for the combinations [first, end).
template <class Use>
void each_recipe(const Combinations& combinations, std::size_t first, std::size_t end, const Use& use) {
  std::vector<double> values(combinations.parameters().size());
  for (std::size_t i = first; i < end; ++i) {
    combinations.values(i, values);
    use(i, combinations.family().recipe(values), std::span<const double>(values));
  }
}

std::vector<ColumnKey> keys_of(const Combinations& combinations, std::size_t first, std::size_t end) {
  ColumnKeys keys;
  each_recipe(combinations, first, end, [&](std::size_t, const Recipe& recipe, auto) {
    each_key(recipe, [&](const ColumnKey& key) { keys.add(key); });
  });
  return std::move(keys).sorted();
}

// Takes more columns where all together are no more than columns_max, or the first of all.
bool take_keys(const std::vector<ColumnKey>& more, std::size_t columns_max, std::vector<ColumnKey>& keys) {
  std::vector<ColumnKey> all;
  std::ranges::set_union(keys, more, std::back_inserter(all));
  if (all.size() > columns_max && !keys.empty()) return false;
  keys = std::move(all);
  return true;
}

// The columns of all pieces and those before.
std::vector<ColumnKey> joined(const std::vector<ColumnKey>& keys,
                              std::span<const std::vector<ColumnKey>> of_pieces) {
  ColumnKeys all;
  for (const ColumnKey& key : keys) all.add(key);
  for (const auto& piece_keys : of_pieces) {
    for (const ColumnKey& key : piece_keys) all.add(key);
  }
  return std::move(all).sorted();
}

// As many combinations of [first, end) as have no more than columns_max columns together, one at least;
// returns their end.
std::size_t take_combinations(const Combinations& combinations, std::size_t first, std::size_t end,
                              std::size_t columns_max, std::vector<ColumnKey>& keys) {
  std::vector<std::vector<ColumnKey>> of_piece((end - first + piece - 1) / piece);
  each_piece(first, end, [&](std::size_t from, std::size_t to) {
    of_piece[(from - first) / piece] = keys_of(combinations, from, to);
  });
  std::vector<ColumnKey> all = joined(keys, of_piece);
  if (all.size() <= columns_max) {
    keys = std::move(all);
    return end;
  }
  for (std::size_t p = 0; p < of_piece.size(); ++p) {
    if (of_piece[p].size() <= columns_max && take_keys(of_piece[p], columns_max, keys)) continue;
    const std::size_t from = first + p * piece;
    for (std::size_t i = from; i < std::min(end, from + piece); ++i) {
      if (!take_keys(keys_of(combinations, i, i + 1), columns_max, keys)) return i;
    }
  }
  return end;
}

// Looks ahead further and further, so that blocks of few combinations cost little.
std::size_t fitting(const Combinations& combinations, std::size_t first, std::size_t end,
                    std::size_t columns_max, std::vector<ColumnKey>& keys) {
  for (std::size_t ahead = 8 * piece; first < end; ahead *= 2) {
    const std::size_t to = std::min(end, first + ahead);
    const std::size_t taken = take_combinations(combinations, first, to, columns_max, keys);
    if (taken < to) return taken;
    first = to;
  }
  return end;
}

}  // namespace

LaneBlock block_from(const Combinations& combinations, std::size_t first, std::size_t end,
                     std::size_t columns_max) {
  LaneBlock block;
  end = fitting(combinations, first, end, columns_max, block.keys);
  block.lanes.resize(end - first);
  each_piece(first, end, [&](std::size_t from, std::size_t to) {
    LaneFinder finder(block.keys);
    each_recipe(combinations, from, to, [&](std::size_t i, const Recipe& recipe, auto values) {
      block.lanes[i - first] = lane_of(recipe, finder, values[values.size() - 2], values[values.size() - 1]);
    });
  });
  return block;
}

cuda::sweep::Task task_of(const TradableSeries& series, const TimePlan& plan, const SweepSettings& settings,
                          const LaneBlock& block) {
  cuda::sweep::Task task;
  task.bars = {series.open, series.high, series.low, series.close};
  task.table.columns = block.keys.size();
  task.columns = block.keys;
  task.volume = series.volume;
  task.lanes = block.lanes;
  task.bucket = plan.bucket;
  task.buckets = plan.buckets();
  task.allowed = settings.allowed;
  task.slippage_rates = settings.slippage_rates;
  task.rules = settings.rules;
  return task;
}

std::size_t columns_max_of(const TradableSeries& series, const SweepSettings& settings) {
  return std::max<std::size_t>(8, settings.table_bytes_max / sizeof(float) / series.bars());
}

}  // namespace regent::strategies
