#include "cuda/trading/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cstring>

#include "base/error.hpp"
#include "cuda/trading/sweep_lane_body.hpp"
#include "cuda/trading/sweep_prepared.hpp"
#include "sweep_market.hpp"
#include "sweep_reference.hpp"

namespace regent::cuda::sweep {
namespace {

struct Case {
  std::string name;
  bool minus, stay, gate, side, votes, shorts, levels, allowed, buckets;
  double size;
  bool whole_units, close_last;
  bool slippages = false;  // a rate of its own for every bar
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

std::vector<Lane> random_lanes(Market& market, const Case& c, std::size_t count) {
  std::vector<Lane> lanes;
  for (std::size_t i = 0; i < count; ++i) {
    Lane lane;
    // runs of neighbouring columns, of one column, and any columns at all
    const std::size_t way = i / 40 % 3;
    lane.enter = way == 0   ? static_cast<int>(i % market.columns)
                 : way == 1 ? 3
                            : market.below(market.columns);
    if (c.minus) lane.minus = way == 0 ? 5 : market.below(market.columns);
    if (c.stay || c.votes) lane.stay = market.below(market.columns);
    if (c.gate || c.votes) lane.gate = market.below(market.columns);
    if (c.side) lane.side = market.below(market.columns);
    if (c.votes) lane.votes = 1 + market.below(3);
    lane.enter_level = c.votes ? 0 : static_cast<float>(0.2 * market.below(5));
    lane.stay_level = static_cast<float>(lane.enter_level - (c.stay ? 0.7 : 0));
    lane.gate_level = -0.3F;
    if (c.levels && i % 4 != 0) lane.stop = 0.002 * (1 + market.below(12));
    if (c.levels && i % 3 != 0) lane.target = 0.002 * (1 + market.below(20));
    lanes.push_back(lane);
  }
  return lanes;
}

class EveryShape : public testing::TestWithParam<Case> {
 protected:
  EveryShape() : market(1500, 40, 7 + static_cast<unsigned>(GetParam().name.size())) {
    market.lanes = random_lanes(market, GetParam(), 173);
    task = market.task();
    const Case& c = GetParam();
    task.rules.shorts = c.shorts;
    task.rules.size = c.size;
    task.rules.whole_units = c.whole_units;
    task.rules.close_last = c.close_last;
    if (c.allowed) task.allowed = market.allowed;
    if (c.slippages) task.slippage_rates = market.slippage_rates;
    if (c.buckets) {
      task.bucket = market.bucket;
      task.buckets = 6;
    }
  }
  Market market;
  Task task;
};

// Statistics of the reference's equity, bucket by bucket.
std::vector<BucketSums> sums_of(const Task& task, const Reference& expected) {
  std::vector<BucketSums> sums(static_cast<std::size_t>(task.buckets));
  for (std::size_t t = 0; t < expected.equity.size(); ++t) {
    BucketSums& bucket = sums[task.bucket.empty() ? 0 : static_cast<std::size_t>(task.bucket[t])];
    bucket.held += expected.side[t] != 0 ? 1 : 0;
    const double before = t == 0 ? 0 : expected.equity[t - 1];
    const double earned = before > 0 ? expected.equity[t] / before - 1 : 0;
    bucket.sum += earned;
    bucket.square_sum += earned * earned;
    bucket.downside_sum += earned < 0 ? earned * earned : 0;
  }
  return sums;
}

double drawdown_of(const std::vector<double>& equity) {
  double peak = equity[0], worst = 0;
  for (const double e : equity) {
    peak = std::max(peak, e);
    worst = std::max(worst, 1 - e / peak);
  }
  return worst;
}

void expect_outcome(const Outcome& got, const Task& task, const Reference& expected, double tolerance) {
  const double start = task.rules.start_cash;
  double profit = 0, loss = 0;
  int wins = 0;
  for (const auto& trade : expected.trades) {
    wins += trade.profit > 0 ? 1 : 0;
    (trade.profit > 0 ? profit : loss) += std::abs(trade.profit) / start;
  }
  EXPECT_EQ(got.trades, std::ssize(expected.trades));
  EXPECT_EQ(got.wins, wins);
  EXPECT_EQ(got.open_side, expected.side.back());
  EXPECT_EQ(got.ruined, expected.ruined);
  EXPECT_NEAR(got.equity, expected.equity.back() / start, 1e-11 * got.equity + 1e-12);
  EXPECT_NEAR(got.profit, profit, 1e-10 * profit + 1e-12);
  EXPECT_NEAR(got.loss, loss, 1e-10 * loss + 1e-12);
  EXPECT_NEAR(got.fees, expected.fees / start, 1e-10);
  EXPECT_NEAR(got.slippage, expected.slippage / start, 1e-10);
  EXPECT_NEAR(got.turnover, expected.turnover, 1e-9 * expected.turnover + 1e-12);
  EXPECT_NEAR(got.drawdown_max, drawdown_of(expected.equity), tolerance);
}

void expect_sums(const BucketSums* got, const std::vector<BucketSums>& expected, double tolerance) {
  for (std::size_t b = 0; b < expected.size(); ++b) {
    EXPECT_EQ(got[b].held, expected[b].held) << "bucket " << b;
    EXPECT_NEAR(got[b].sum, expected[b].sum, tolerance) << "bucket " << b;
    EXPECT_NEAR(got[b].square_sum, expected[b].square_sum, tolerance * (expected[b].square_sum + 1e-9));
    EXPECT_NEAR(got[b].downside_sum, expected[b].downside_sum, tolerance * (expected[b].downside_sum + 1e-9));
  }
}

void expect_reference(const Results& got, const Task& task, std::size_t trades_least = 1000) {
  std::size_t trades = 0;
  for (std::size_t i = 0; i < task.lanes.size() && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("lane " + std::to_string(i));
    const Reference expected = reference(task, task.lanes[i]);
    trades += expected.trades.size();
    expect_outcome(got.outcomes[i], task, expected, 1e-6);
    expect_sums(&got.buckets[i * static_cast<std::size_t>(task.buckets)], sums_of(task, expected), 3e-6);
  }
  EXPECT_GT(trades, trades_least);
}

TEST_P(EveryShape, LanesEqualTheSlowReferenceOnEveryInstructionSet) {
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    if (set > widest_instruction_set()) continue;
    SCOPED_TRACE(to_string(set));
    expect_reference(run(Resources::make_cpu(set), task), task);
  }
}

TEST_P(EveryShape, LanesEqualTheSlowReferenceOnTheGpu) {
  if (!built_with_cuda() || gpu_count() == 0) GTEST_SKIP() << "no GPU here";
  const auto gpu = Resources::make("cuda");
  const Results first = run(gpu, task);  // its memory is its own while it is there
  expect_reference(run(gpu, task), task);
  expect_reference(first, task);
}

struct Walked {
  std::vector<Outcome> outcomes;
  std::vector<BucketSums> buckets;
  Results results() const { return {outcomes, buckets, nullptr}; }
};

// What a GPU's threads do.
Walked walked(const Task& task) {
  PreparedJob<float> prepared(task, tile_bars_gpu);
  const Shape& shape = prepared.job.shape;
  const auto walk = shape.all_in ? (shape.levels ? run_lane<true, true> : run_lane<true, false>)
                                 : (shape.levels ? run_lane<false, true> : run_lane<false, false>);
  const auto buckets = static_cast<std::size_t>(task.buckets);
  const std::size_t lanes = task.lanes.size();
  const auto tiles = static_cast<std::size_t>(prepared.job.tile_count);
  std::vector<std::uint32_t> words(tiles * static_cast<std::size_t>(words_of(shape)) * lanes, 0xabcdef01U);
  const SignTable table{words.data(), static_cast<std::int64_t>(lanes)};
  for (std::size_t k = 0; k < tiles; ++k) {
    for (std::size_t i = 0; i < lanes; ++i) {
      table.put(shape, static_cast<std::int64_t>(k), static_cast<std::int64_t>(i),
                find_signs(prepared.job, task.lanes[i], prepared.job.tiles[k]));
    }
  }
  Walked all;
  all.buckets.resize(lanes * buckets);
  for (std::size_t i = 0; i < lanes; ++i) {
    all.outcomes.push_back(walk(prepared.job, prepared.marks, task.lanes[i], table,
                                static_cast<std::int64_t>(i), &all.buckets[i * buckets]));
  }
  return all;
}

TEST_P(EveryShape, LanesEqualTheSlowReferenceAsAGpusThreadsWalk) {
  expect_reference(walked(task).results(), task);
}

TEST_P(EveryShape, DecisionsAndDrawdownsAreTheSameBitsInGroupsAndAlone) {
  const Results groups = run(Resources::make("cpu"), task);
  const Walked alone = walked(task);
  for (std::size_t i = 0; i < task.lanes.size(); ++i) {
    const Outcome &a = groups.outcomes[i], &b = alone.outcomes[i];
    ASSERT_EQ(std::tie(a.equity, a.drawdown_max, a.profit, a.loss, a.turnover, a.fees, a.slippage, a.trades,
                       a.wins),
              std::tie(b.equity, b.drawdown_max, b.profit, b.loss, b.turnover, b.fees, b.slippage, b.trades,
                       b.wins))
        << "lane " << i;
  }
}

TEST_P(EveryShape, TheJournalEqualsTheSlowReferenceTradeByTrade) {
  const std::vector<std::string> reasons{"signal", "stop", "target", "last_bar", "ruin"};
  for (std::size_t i = 0; i < market.lanes.size() && !HasFailure(); i += 7) {
    SCOPED_TRACE("lane " + std::to_string(i));
    const Reference expected = reference(task, market.lanes[i]);
    const Journal got = trace(task, i);
    ASSERT_EQ(got.trades.size(), expected.trades.size());
    for (std::size_t k = 0; k < expected.trades.size(); ++k) {
      const ReferenceTrade& want = expected.trades[k];
      const Trade& trade = got.trades[k];
      EXPECT_EQ(std::tie(trade.entry_bar, trade.exit_bar, trade.side),
                std::tie(want.entry_bar, want.exit_bar, want.side));
      EXPECT_EQ(reasons[static_cast<std::size_t>(trade.reason)], want.reason);
      EXPECT_NEAR(trade.units, want.units, 1e-10 * want.units);
      EXPECT_NEAR(trade.entry_price, want.entry_price, 1e-10 * want.entry_price);
      EXPECT_NEAR(trade.exit_price, want.exit_price, 1e-10 * want.exit_price);
      EXPECT_NEAR(trade.profit, want.profit, 1e-8 * task.rules.start_cash);
    }
    expect_outcome(got.outcome, task, expected, 1e-11);
    expect_sums(got.buckets.data(), sums_of(task, expected), 1e-10);
    EXPECT_EQ(got.side, expected.side);
    for (std::size_t t = 0; t < expected.equity.size(); ++t)
      ASSERT_NEAR(got.equity[t], expected.equity[t], 1e-10 * expected.equity[t] + 1e-9);
  }
}

const std::vector<Case>& every_case() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all{
        Case{"Plain", true, false, false, false, false, false, false, false, false, 1, false, true},
        Case{"StillOpenAtTheEnd", true, false, false, false, false, false, false, false, true, 1, false,
             false},
        Case{"Levels", true, false, false, false, false, false, true, false, true, 1, false, true},
        Case{"StayAndGate", false, true, true, false, false, false, true, true, true, 1, false, true},
        Case{"GateAlone", true, false, true, false, false, false, false, false, true, 1, false, true},
        Case{"Shorts", true, true, false, false, false, true, false, false, true, 1, false, true},
        Case{"ShortsWithLevels", false, true, true, true, false, true, true, true, true, 0.6, false, true},
        Case{"SideOnly", true, false, false, true, false, false, false, false, false, 1, false, true},
        Case{"Votes", true, false, false, false, true, true, false, true, true, 1, false, true},
        Case{"WholeUnits", true, false, false, false, false, true, true, false, true, 0.9, true, true}};
    for (std::size_t i = 0, count = all.size(); i < count; ++i) {
      Case one = all[i];
      one.name += "WithSlippageOfBars";
      one.slippages = true;
      all.push_back(one);
    }
    return all;
  }();
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Sweep, EveryShape, testing::ValuesIn(every_case()),
                         [](const auto& info) { return info.param.name; });

// Which signs a lane's words must hold depends on its columns; the reference knows nothing of words.
TEST(SweepByWords, LanesOfAnyColumnsEqualTheSlowReference) {
  constexpr unsigned switches = 7;
  for (unsigned on = 0; on < 1U << switches; ++on) {
    const auto is = [&](unsigned bit) { return (on >> bit & 1U) != 0; };
    Case c{"Any", is(0), is(1), is(2), is(3), is(4), is(5), false, is(6), false, 1, false, true};
    SCOPED_TRACE("minus, stay, gate, side, votes, shorts, allowed: " + std::to_string(on));
    Market market(400, 24, 100 + on);
    market.lanes = random_lanes(market, c, 40);
    Task task = market.task();
    task.rules.shorts = c.shorts;
    task.rules.close_last = c.close_last;
    if (c.allowed) task.allowed = market.allowed;
    expect_reference(walked(task).results(), task, 50);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SweepByWords, RunsAreTheBitsThatFollowOneAnother) {
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    const Word raised{static_cast<std::uint32_t>(random() & random())},
        kept{static_cast<std::uint32_t>(random() | random())};
    for (const bool before : {false, true}) {
      bool on = before;
      const Word got = runs_body(raised, kept, before);
      for (int bit = 0; bit < 32; ++bit) {
        on = (raised.bits >> bit & 1U) != 0 || (on && (kept.bits >> bit & 1U) != 0);
        ASSERT_EQ((got.bits >> bit & 1U) != 0, on) << "bit " << bit;
      }
    }
  }
}

// Long calm holdings, deep drawdowns and their recovery: most stretches are passed at once, some are not.
TEST(SweepByWords, LongHoldingsAreMarkedAsBarByBar) {
  Market market(6000, 40, 9, 0.003);
  for (std::size_t t = 0; t < 6000; ++t) {  // columns that seldom change sides
    for (std::size_t c = 0; c < 40; ++c)
      market.table[Table::at(6000, t, c)] = (t + 61 * c) % (90 + 37 * c) < 60 + 30 * c ? 1.0F : -1.0F;
  }
  for (std::size_t c = 0; c < 40; ++c) {
    Lane lane;
    lane.enter = static_cast<std::int32_t>(c);
    market.lanes.push_back(lane);
    lane.stop = 0.02 + 0.002 * static_cast<double>(c);
    lane.target = 0.3;
    market.lanes.push_back(lane);
  }
  for (const bool levels : {false, true}) {
    if (!levels) {
      for (Lane& lane : market.lanes) lane.stop = lane.target = 0;
    }
    Task task = market.task();
    task.bucket = market.bucket;
    task.buckets = 6;
    const Walked alone = walked(task);
    for (std::size_t i = 0; i < task.lanes.size() && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("lane " + std::to_string(i));
      const Reference expected = reference(task, task.lanes[i]);
      expect_outcome(alone.outcomes[i], task, expected, 1e-6);
      expect_sums(&alone.buckets[i * 6], sums_of(task, expected), 3e-6);
    }
  }
}

// A device keeps its memory from run to run: larger tasks after smaller ones and smaller after larger, in
// each of what takes room, tables given and found there; and results that are held while others come.
TEST(Sweep, RunsOfManyShapesFollowOneAnotherOnEveryBackend) {
  struct Step {
    std::size_t bars, columns, lanes;
    bool buckets, found, held;
  };
  const Step steps[] = {{300, 20, 90, false, false, true},  {900, 50, 700, true, false, false},
                        {400, 12, 90, false, true, false},  {500, 60, 1400, true, true, true},
                        {1200, 30, 60, true, false, false}, {250, 20, 700, false, true, true}};
  const bool has_gpu = built_with_cuda() && gpu_count() > 0;
  for (const char* backend : {"cpu", "cuda"}) {
    if (backend == std::string("cuda") && !has_gpu) continue;
    SCOPED_TRACE(backend);
    const Resources resources = Resources::make(backend);
    std::vector<std::unique_ptr<Market>> markets;
    std::vector<std::pair<Results, Task>> held;
    for (const Step& step : steps) {
      auto& market =
          *markets.emplace_back(std::make_unique<Market>(step.bars, step.columns, 40 + step.lanes));
      std::vector<ColumnKey> keys;
      for (std::size_t c = 0; c < step.columns; ++c)
        keys.push_back({Indicator::sma, static_cast<std::int32_t>(2 + c), 0});
      if (step.found) {
        const Resources cpu = Resources::make("cpu");
        market.table = indicator_table(cpu, {market.open, market.high, market.low, market.close, {}}, keys);
      }
      market.lanes = random_lanes(
          market, {"", true, false, false, false, false, false, false, false, false, 1, false, true},
          step.lanes);
      if (step.found) {  // these are small, and cross 0 alone
        for (Lane& lane : market.lanes) lane.enter_level = lane.stay_level = 0;
      }
      Task known = market.task();  // what the reference reads
      if (step.buckets) {
        known.bucket = market.bucket;
        known.buckets = 6;
      }
      Task task = known;
      if (step.found) {
        task.table.values = {};
        task.columns = keys;
      }
      std::vector<double> arrived;  // part by part, read as soon as they are said to be there
      const Results results =
          run(resources, task,
              {{}, [&](const Results& of, std::size_t first, std::size_t end) {
                 ASSERT_EQ(first, arrived.size());
                 for (std::size_t i = first; i < end; ++i)
                   arrived.push_back(of.outcomes[i].equity +
                                     of.buckets[i * of.buckets.size() / of.outcomes.size()].held);
               }});
      expect_reference(results, known);
      ASSERT_EQ(arrived.size(), step.lanes);
      for (std::size_t i = 0; i < step.lanes; ++i)
        ASSERT_EQ(arrived[i],
                  results.outcomes[i].equity + results.buckets[i * results.buckets.size() / step.lanes].held);
      if (step.held) held.emplace_back(results, known);
    }
    for (const auto& [results, task] : held) expect_reference(results, task);
  }
  if (!has_gpu) GTEST_SKIP() << "no GPU here: the CPU alone was looked at";
}

// With lanes that have levels, of random rules.
Market market_with_levels(int bars, int seed, int lanes) {
  Market market(bars, 40, seed);
  market.lanes = random_lanes(
      market, {"", true, true, false, false, false, true, true, false, false, 1, false, true}, lanes);
  return market;
}

TEST(Sweep, ResultsDoNotDependOnTheNumberOfThreads) {
  Market market = market_with_levels(700, 3, 3000);
  Task task = market.task();
  task.rules.shorts = true;
  const Results many = run(Resources::make("cpu"), task);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  const Results single = run(Resources::make("cpu"), task);
  EXPECT_EQ(
      0, std::memcmp(many.buckets.data(), single.buckets.data(), many.buckets.size() * sizeof(BucketSums)));
  for (std::size_t i = 0; i < market.lanes.size(); ++i) {
    EXPECT_EQ(many.outcomes[i].equity, single.outcomes[i].equity);
    EXPECT_EQ(many.outcomes[i].drawdown_max, single.outcomes[i].drawdown_max);
  }
}

// Bars by hand: wishes come from one column, +1 long, −1 short, 0 flat.
struct ByHand {
  std::vector<double> open, high, low, close;
  std::vector<float> wish;
  std::vector<Lane> lanes{Lane{}};
  Task task;
  explicit ByHand(std::vector<std::array<double, 5>> bars) {
    for (const auto& [o, h, l, c, w] : bars) {
      open.push_back(o);
      high.push_back(h);
      low.push_back(l);
      close.push_back(c);
      wish.push_back(static_cast<float>(w));
      wish.resize(wish.size() + Table::block - 1);
    }
    task.bars = {open, high, low, close};
    task.table = {wish, 1};
    task.lanes = lanes;
    task.rules.fee_rate = 0.01;
    task.rules.slippage_rate = 0.02;
    task.rules.start_cash = 1000;
  }
  Trade only_trade() {
    const Journal journal = trace(task, 0);
    EXPECT_EQ(journal.trades.size(), 1U);
    return journal.trades.empty() ? Trade{} : journal.trades[0];
  }
};

TEST(SweepByHand, AWishIsFilledAtTheNextOpenWithSlippageAndFees) {
  ByHand hand({{10, 10, 10, 10, 1}, {20, 22, 19, 21, 0}, {30, 31, 29, 30, 0}, {40, 40, 40, 40, 0}});
  const Trade trade = hand.only_trade();
  EXPECT_EQ(trade.entry_bar, 1);
  EXPECT_EQ(trade.exit_bar, 2);
  EXPECT_DOUBLE_EQ(trade.entry_price, 20.4);            // 20 · 1.02
  EXPECT_DOUBLE_EQ(trade.units, 1000 / (20.4 * 1.01));  // 48.5342…, fee included
  EXPECT_DOUBLE_EQ(trade.exit_price, 29.4);             // 30 · 0.98
  EXPECT_NEAR(trade.profit, 1000 / (20.4 * 1.01) * 29.4 * 0.99 - 1000, 1e-9);
  const Journal journal = trace(hand.task, 0);
  EXPECT_DOUBLE_EQ(journal.equity[0], 1000);
  EXPECT_NEAR(journal.equity[1], 1000 / (20.4 * 1.01) * 21, 1e-9);
  EXPECT_NEAR(journal.equity[2], journal.equity[3], 1e-9);
}

TEST(SweepByHand, AFillPaysTheSlippageOfItsOwnBarAndATargetNone) {
  ByHand hand({{10, 10, 10, 10, 1},
               {20, 20, 20, 20, 1},
               {20, 20, 20, 20, 0},
               {30, 30, 30, 30, 1},
               {20, 20, 20, 20, 1},
               {20, 30, 20, 30, 0},
               {30, 30, 30, 30, 1},
               {40, 40, 40, 40, 1},
               {40, 40, 10, 40, 1}});
  const std::vector<double> rates{0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09};
  hand.task.slippage_rates = rates;
  hand.lanes[0].target = 0.4;
  hand.lanes[0].stop = 0.5;
  hand.task.lanes = hand.lanes;
  const Journal journal = trace(hand.task, 0);
  ASSERT_EQ(journal.trades.size(), 3U);
  EXPECT_DOUBLE_EQ(journal.trades[0].entry_price, 20 * 1.02);
  EXPECT_EQ(journal.trades[0].reason, ExitReason::signal);
  EXPECT_DOUBLE_EQ(journal.trades[0].exit_price, 30 * 0.96);
  EXPECT_DOUBLE_EQ(journal.trades[1].entry_price, 20 * 1.05);
  EXPECT_EQ(journal.trades[1].reason, ExitReason::target);
  EXPECT_DOUBLE_EQ(journal.trades[1].exit_price, 20 * 1.05 * 1.4);
  EXPECT_DOUBLE_EQ(journal.trades[2].entry_price, 40 * 1.08);
  EXPECT_EQ(journal.trades[2].reason, ExitReason::stop);
  EXPECT_DOUBLE_EQ(journal.trades[2].exit_price, 40 * 1.08 * 0.5 * 0.91);
  hand.lanes[0].stop = hand.lanes[0].target = 0;
  EXPECT_DOUBLE_EQ(trace(hand.task, 0).trades.back().exit_price, 40 * 0.91) << "closed at the end";
}

TEST(SweepByHand, TheLastBarsWishIsNeverTradedAndNothingIsFilledOnTheFirstBar) {
  ByHand hand({{10, 10, 10, 10, 0}, {20, 20, 20, 20, 0}, {30, 30, 30, 30, 1}});
  const Journal journal = trace(hand.task, 0);
  EXPECT_TRUE(journal.trades.empty());
  EXPECT_EQ(journal.outcome.equity, 1);
}

TEST(SweepByHand, AStopInsideTheBarFillsAtItsLevelAndAGapBelowItAtTheOpen) {
  ByHand hand({{100, 100, 100, 100, 1}, {100, 100, 100, 100, 1}, {100, 101, 90, 95, 1}, {95, 95, 95, 95, 1}});
  hand.task.rules.slippage_rate = 0;
  hand.lanes[0].stop = 0.05;
  hand.task.lanes = hand.lanes;
  Trade trade = hand.only_trade();
  EXPECT_EQ(trade.exit_bar, 2);
  EXPECT_EQ(trade.reason, ExitReason::stop);
  EXPECT_DOUBLE_EQ(trade.exit_price, 95);
  hand.open[2] = hand.high[2] = 93;
  hand.close[2] = 92;
  EXPECT_DOUBLE_EQ(hand.only_trade().exit_price, 93);
}

TEST(SweepByHand, ALowThatJustTouchesTheStopIsEnough) {
  ByHand hand({{100, 100, 100, 100, 1}, {100, 100, 95, 100, 1}, {100, 100, 100, 100, 1}});
  hand.task.rules.slippage_rate = 0;
  hand.lanes[0].stop = 0.05;
  hand.task.lanes = hand.lanes;
  EXPECT_EQ(hand.only_trade().reason, ExitReason::stop);
  hand.low[1] = 95.0000001;
  EXPECT_EQ(hand.only_trade().reason, ExitReason::last_bar);
  const Results lanes = run(Resources::make("cpu"), hand.task);
  EXPECT_EQ(lanes.outcomes[0].trades, 1);
  EXPECT_EQ(lanes.outcomes[0].wins, 0);
}

TEST(SweepByHand, WhereStopAndTargetLieInOneBarTheStopIsTaken) {
  ByHand hand({{100, 100, 100, 100, 1}, {100, 120, 80, 110, 1}, {110, 110, 110, 110, 1}});
  hand.lanes[0].stop = hand.lanes[0].target = 0.1;
  hand.task.lanes = hand.lanes;
  EXPECT_EQ(hand.only_trade().reason, ExitReason::stop);
}

TEST(SweepByHand, ABarThatOpensBeyondTheTargetIsSoldThereWhateverComesAfter) {
  ByHand hand({{100, 100, 100, 100, 1}, {100, 100, 100, 100, 1}, {120, 121, 80, 90, 1}, {90, 90, 90, 90, 1}});
  hand.lanes[0].stop = hand.lanes[0].target = 0.1;
  hand.task.lanes = hand.lanes;
  const Trade trade = hand.only_trade();
  EXPECT_EQ(trade.reason, ExitReason::target);
  EXPECT_DOUBLE_EQ(trade.exit_price, 120);
}

TEST(SweepByHand, ATargetFillsAtItsLevelWithoutSlippageAndAGapAboveItAtTheOpen) {
  ByHand hand(
      {{100, 100, 100, 100, 1}, {100, 100, 100, 100, 1}, {103, 120, 103, 104, 1}, {104, 104, 104, 104, 1}});
  hand.lanes[0].target = 0.1;
  hand.task.lanes = hand.lanes;
  EXPECT_DOUBLE_EQ(hand.only_trade().exit_price, 102 * 1.1);
  hand.open[2] = hand.low[2] = hand.close[2] = 115;
  EXPECT_DOUBLE_EQ(hand.only_trade().exit_price, 115);
}

TEST(SweepByHand, AfterAStopTheLaneWaitsForANewWish) {
  ByHand hand({{100, 100, 100, 100, 1},
               {100, 100, 80, 100, 1},
               {100, 100, 100, 100, 0},
               {100, 100, 100, 100, 1},
               {100, 100, 100, 100, 1},
               {110, 110, 110, 110, 1}});
  hand.lanes[0].stop = 0.1;
  hand.task.lanes = hand.lanes;
  const Journal journal = trace(hand.task, 0);
  ASSERT_EQ(journal.trades.size(), 2U);
  EXPECT_EQ(journal.trades[1].entry_bar, 4);
}

TEST(SweepByHand, AShortEarnsWhatThePriceLosesAndItsRuinEndsAtItsEquity) {
  ByHand hand({{100, 100, 100, 100, -1}, {100, 100, 100, 100, -1}, {50, 50, 50, 50, 0}, {50, 50, 50, 50, 0}});
  hand.task.rules = {.fee_rate = 0, .slippage_rate = 0, .start_cash = 1000, .shorts = true};
  EXPECT_DOUBLE_EQ(hand.only_trade().profit, 500);
  hand.high[2] = hand.open[2] = hand.close[2] = hand.low[2] = 300;
  Trade trade = hand.only_trade();
  EXPECT_EQ(trade.reason, ExitReason::ruin);
  EXPECT_DOUBLE_EQ(trade.profit, -1000);
  const Outcome ruined = run(Resources::make("cpu"), hand.task).outcomes[0];
  EXPECT_TRUE(ruined.ruined);
  EXPECT_EQ(ruined.equity, 0);
  EXPECT_EQ(ruined.drawdown_max, 1);
}

TEST(SweepByHand, WholeUnitsAreRoundedDownAndTooLittleCashBuysNothing) {
  ByHand hand({{30, 30, 30, 30, 1}, {30, 30, 30, 30, 1}, {30, 30, 30, 30, 1}});
  hand.task.rules = {.fee_rate = 0, .slippage_rate = 0, .start_cash = 100, .whole_units = true};
  EXPECT_EQ(hand.only_trade().units, 3);
  hand.task.rules.start_cash = 29;
  const Journal journal = trace(hand.task, 0);
  EXPECT_TRUE(journal.trades.empty());
  EXPECT_EQ(journal.too_small, 1);
  EXPECT_EQ(journal.outcome.equity, 1);
}

TEST(Sweep, ARateOfEveryBarThatIsTheRulesGivesTheRulesBits) {
  Market market = market_with_levels(900, 11, 300);
  Task task = market.task();
  task.rules.shorts = true;
  const Results fixed = run(Resources::make("cpu"), task);
  const std::vector<double> rates(900, task.rules.slippage_rate);
  task.slippage_rates = rates;
  const Results of_bars = run(Resources::make("cpu"), task);
  EXPECT_EQ(0, std::memcmp(fixed.buckets.data(), of_bars.buckets.data(), fixed.buckets.size_bytes()));
  for (std::size_t i = 0; i < market.lanes.size(); ++i) {
    EXPECT_EQ(fixed.outcomes[i].equity, of_bars.outcomes[i].equity);
    EXPECT_EQ(fixed.outcomes[i].slippage, of_bars.outcomes[i].slippage);
  }
}

TEST(Sweep, WrongInputIsNamed) {
  const auto message = [](auto change) {
    ByHand hand({{10, 10, 10, 10, 1}, {20, 22, 19, 21, 0}, {30, 31, 29, 30, 0}});
    change(hand);
    hand.task.lanes = hand.lanes;
    try {
      run(Resources::make("cpu"), hand.task);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message([](ByHand&) {}), "accepted");
  EXPECT_THAT(message([](ByHand& h) { h.close[1] = std::nan(""); }),
              testing::HasSubstr("close of bar 1 is nan"));
  EXPECT_THAT(message([](ByHand& h) { h.open[2] = 0; }), testing::HasSubstr("open of bar 2 is 0"));
  EXPECT_THAT(message([](ByHand& h) { h.high[2] = 1; }),
              testing::HasSubstr("bar 2: open or close lies outside"));
  EXPECT_THAT(message([](ByHand& h) { h.task.rules.fee_rate = -1; }), testing::HasSubstr("fee_rate is -1"));
  EXPECT_THAT(message([](ByHand& h) { h.task.rules.slippage_rate = std::nan(""); }),
              testing::HasSubstr("slippage_rate is nan"));
  const std::vector<double> rates{0.01, 0.01, 0.2};
  EXPECT_THAT(message([&](ByHand& h) { h.task.slippage_rates = rates; }),
              testing::HasSubstr("slippage_rate of bar 2 is 0.2"));
  EXPECT_THAT(message([](ByHand& h) { h.task.rules.size = 1.5; }), testing::HasSubstr("size is 1.5"));
  EXPECT_THAT(message([](ByHand& h) { h.task.rules.start_cash = 0; }), testing::HasSubstr("start_cash is 0"));
  EXPECT_THAT(message([](ByHand& h) { h.lanes[0].stop = 1; }), testing::HasSubstr("a stop below 1"));
  EXPECT_THAT(message([](ByHand& h) { h.lanes[0].target = std::nan(""); }), testing::HasSubstr("target nan"));
}

}  // namespace
}  // namespace regent::cuda::sweep
