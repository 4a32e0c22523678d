#pragma once
// Strategy sweep: thousands of parameter combinations of one strategy over the bars of one symbol, each a
// lane with an account of its own. A lane is a rule over columns of an indicator table; its wish after bar
// t's close is traded at bar t+1's open (on closes-only series at its close).
//
//   value = table[enter] − table[minus]
//   long wish:  enter_level < value, or long so far and stay_level < stay value     (short: mirrored about
//   zero)
//
// The rules of filling stand in sweep_account_body.hpp, of marking to market in sweep_mark_body.hpp.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "cuda/trading/indicators.hpp"

namespace regent::cuda::sweep {

// Bars that can be traded, all [bars], finite and positive: a bar with a missing value is left out by the
// caller, so that every lane stands still over it. On closes-only series all four are the closes.
struct Bars {
  std::span<const double> open, high, low, close;
  std::size_t count() const { return close.size(); }
};

struct TradingRules {
  double fee_rate = 0.00075;      // fraction of the traded value
  double slippage_rate = 0.0005;  // fraction of the price, against us, where a task has none of its bars
  double start_cash = 10'000;
  double size = 1;           // fraction of the equity that an entry spends, fee included
  bool whole_units = false;  // entries are rounded down; none where not one unit can be paid
  bool shorts = false;       // a short wish is traded; else it means flat
  bool close_last = true;    // what is open at the last bar is closed at its close
};

// What complaints call the rules: a command's flags, say.
struct RuleNames {
  const char *fee_rate = "fee_rate", *slippage_rate = "slippage_rate", *start_cash = "start_cash",
             *size = "size";
};
// Throws InputError: fee_rate and slippage_rate in [0, 0.1], start_cash in (0, 1e15], size in (0, 1].
void validate(const TradingRules& rules, const RuleNames& names = {});

inline constexpr std::int32_t no_column = -1;

// One lane. Which of the columns exist is the same for all lanes of a call. NaN in a column makes comparisons
// false: no entry, no stay.
struct Lane {
  std::int32_t enter = 0, minus = no_column;
  std::int32_t stay = no_column;  // no_column: the enter value
  std::int32_t gate = no_column;  // entries only where gate_level < table[gate]
  std::int32_t side = no_column;  // long only where 0 < table[side], short only where it is below
  float enter_level = 0, stay_level = 0, gate_level = 0;
  std::int32_t votes = 0;       // 1..3: instead, as many of: enter − minus, stay, gate beyond 0 on one side
  double stop = 0, target = 0;  // fractions of the entry's fill price; 0: none
};

// Columns in blocks of 16, so that lanes of neighbouring columns find them in one cache line and pass through
// time line by line: column c of bar t is values[(c / 16 · bars + t) · 16 + c % 16]. The last block is filled
// up.
struct Table {
  static constexpr std::size_t block = 16;
  std::span<const float> values;  // [⌈columns / 16⌉, bars, 16]
  std::size_t columns = 0;
  static std::size_t size(std::size_t bars, std::size_t columns) {
    return (columns + block - 1) / block * block * bars;
  }
  static std::size_t at(std::size_t bars, std::size_t bar, std::size_t column) {
    return (column / block * bars + bar) * block + column % block;
  }
};

struct Task {
  Bars bars;
  Table table;                         // of the caller's own values, or without any, and instead:
  std::span<const ColumnKey> columns;  // [table.columns], found where they are read
  std::span<const double> volume;      // [bars], or empty
  std::span<const Lane> lanes;
  std::span<const std::int32_t> bucket;  // [bars], in [0, buckets); empty: one bucket
  std::int32_t buckets = 1;
  std::span<const std::uint8_t> allowed;  // [bars], 0: every wish is flat; empty: always allowed
  // [bars] of fills in each bar, in [0, 0.1]; empty: rules.slippage_rate in all
  std::span<const double> slippage_rates;
  TradingRules rules;
};

// Sums of per-bar returns close to close from bar 1 on, of one lane and bucket.
struct BucketSums {
  double sum = 0, square_sum = 0, downside_sum = 0;  // Σr, Σr², Σmin(r, 0)²
  double held = 0;                                   // bars with a position at their close
};

struct Outcome {
  double equity = 0;  // at the last close, start_cash = 1
  double drawdown_max = 0;
  double profit = 0, loss = 0;        // Σ gains and Σ losses of closed trades, positive, start_cash = 1
  double turnover = 0;                // Σ traded value / equity
  double fees = 0, slippage = 0;      // start_cash = 1
  std::int32_t trades = 0, wins = 0;  // closed trades
  std::int32_t open_side = 0;         // of a position that is still open
  bool ruined = false;                // a short lost everything; the lane stands still from then on
};

struct Results {
  std::span<const Outcome> outcomes;    // [lanes]
  std::span<const BucketSums> buckets;  // [lanes, buckets]
  std::shared_ptr<const void> memory;   // of both; a GPU's next run takes it again once nobody has it
};

// Whoever has work beside a run's. Both are called by the thread that runs it.
struct Listener {
  std::function<void()> meanwhile;  // once, while a GPU works
  // Once for each part of the lanes in their order, [first, end), as soon as its results are there; a GPU's
  // other parts are on their way meanwhile.
  std::function<void(const Results& results, std::size_t first, std::size_t end)> arrived;
};

inline constexpr std::size_t bars_max = std::size_t{1} << 24;

// Throws InputError where an argument from outside is wrong, breaks on wrong shapes. Marks are in fp32 within
// 128 bars and in fp64 beyond, fills in fp64; decisions of stops and targets in fp64. run_to_run: bitwise,
// for any number of threads; cpu_to_gpu: decisions and drawdowns bitwise, sums 1e-6. Memory: 250 to 300 bytes
// a lane and 32 a bucket of it, beside the table; on a GPU one to four bits a bar of it more, but no run more
// than a 32nd of the device's memory. What a GPU's runs take stays with `resources` for the next; threads may
// run tasks at once.
Results run(const Resources& resources, const Task& task, const Listener& listener = {});

// One lane in double, with everything that it did.
enum class ExitReason : std::uint8_t { signal, stop, target, last_bar, ruin };
struct Trade {
  std::int32_t entry_bar = 0, exit_bar = 0;
  std::int32_t side = 0;                              // 1 long, −1 short
  double units = 0, entry_price = 0, exit_price = 0;  // prices with slippage
  double entry_fee = 0, exit_fee = 0, slippage = 0;   // money
  double profit = 0;                                  // net, money
  double growth = 0;                                  // profit / equity before the entry
  ExitReason reason = ExitReason::signal;
};
// What the fills of a bar cost: traded value / equity, and money with start_cash = 1.
struct BarCosts {
  std::int32_t bar = 0;
  double turnover = 0, fees = 0, slippage = 0;
};
struct Journal {
  std::vector<Trade> trades;
  std::vector<double> equity;      // [bars] at the close, money
  std::vector<std::int32_t> side;  // [bars] at the close
  std::vector<double> net_return;  // [bars − 1], of bars 1…
  std::vector<BarCosts> costs;     // of the bars with fills, rising
  std::int32_t too_small = 0;      // entries for which not one whole unit could be paid
  Outcome outcome;
  std::vector<BucketSums> buckets;
};

// Traces lanes of one task, whose table and marks are made once. The task's spans must outlive it. The same
// bodies as run(), with R = double. Memory: 80 bytes a bar, beside the table.
class Tracer {
 public:
  explicit Tracer(const Task& task);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  // lane: index into task.lanes. What `journal` held is replaced, its memory taken again. Threads may trace
  // at once.
  void trace(std::size_t lane, Journal& journal) const;

 private:
  struct Prepared;
  std::unique_ptr<const Prepared> prepared_;
};
Journal trace(const Task& task, std::size_t lane);

}  // namespace regent::cuda::sweep
