#pragma once
// The engine's core: step(event, now) -> actions. One thread; no clock, I/O, randomness or unordered
// iteration inside, so the same events give the same actions bit for bit, in a live run, a simulation and a
// replay of the ledger.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/action.hpp"
#include "engine/core/event.hpp"
#include "engine/portfolio/planner.hpp"
#include "engine/portfolio/portfolio.hpp"

namespace regent::engine {

struct OpenOrder {
  Order order;
  double filled = 0;        // signed units
  std::uint64_t fills = 0;  // number of the last fill seen
  bool accepted = false;    // false: its fate is unknown, its exposure stays reserved
  bool cancelling = false;
  double remaining() const { return order.quantity - filled; }
};

class Core {
 public:
  // now_ns: monotonic time, never decreasing within one process. The first event must be Started.
  std::vector<Action> step(const Event& event, std::int64_t now_ns);

  bool started() const { return started_; }
  const CoreSettings& settings() const { return settings_; }
  State state() const { return machine_.state(); }
  const HoldCauses& hold_causes() const { return machine_.hold_causes(); }
  const std::string& latch_cause() const { return machine_.latch_cause(); }
  const Portfolio& portfolio() const { return portfolio_; }
  double equity() const { return equity_; }
  double drawdown() const { return drawdown_; }
  std::uint64_t bars() const { return bar_sequence_; }
  TimestampMs stream_ms() const { return stream_ms_; }
  const std::map<std::string, OpenOrder>& open_orders() const { return open_; }
  // Deadline of the request that waits for its answer.
  std::optional<std::int64_t> pending_deadline_ns() const;
  std::uint64_t pending_sequence() const { return pending_ ? pending_->sequence : 0; }

 private:
  struct Pending {
    std::uint64_t sequence = 0;
    std::int64_t deadline_ns = 0;
  };

  void on(const Started& event, std::int64_t now_ns);
  void on(const Bar& bar, std::int64_t now_ns);
  void on(const DecisionArrived& decision, std::int64_t now_ns);
  void on(const HeartbeatSeen& event, std::int64_t now_ns);
  void on(const HeartbeatLost& event, std::int64_t now_ns);
  void on(const FeedLost& event, std::int64_t now_ns);
  void on(const OrderUpdate& update, std::int64_t now_ns);
  void on(const LedgerFailed& event, std::int64_t now_ns);
  void on(const Command& command, std::int64_t now_ns);
  void on(const Timer& event, std::int64_t now_ns);
  void on(const Stopped& event, std::int64_t now_ns);

  void begin(const Started& event);
  bool accept_bar(const Bar& bar);
  void value(const Bar& bar);
  void watch_drawdown();
  void request(std::int64_t now_ns);
  void miss_decision();
  bool is_usable(const DecisionArrived& decision) const;
  void trade(const DecisionArrived& decision);
  void flatten();
  void cancel_all();
  // Both gates; true when the order was submitted. decision: null for the halt action.
  bool submit(std::size_t symbol, double quantity, const DecisionArrived* decision);
  GateSnapshot snapshot(std::size_t symbol, const DecisionArrived* decision) const;
  Order order_of(std::size_t symbol, double quantity);
  double open_quantity(std::size_t symbol) const;
  void fill(OpenOrder& order, const OrderUpdate& update);
  void close(const std::string& client_order_id);  // REQUIRES an open order
  OpenOrder* recently_closed(const std::string& client_order_id);
  void halt(const std::string& cause);
  void break_invariant(const std::string& name);
  void note_state();

  bool started_ = false;
  CoreSettings settings_;
  StateMachine machine_;
  State noted_state_ = State::hold;
  HoldCauses noted_causes_;
  Portfolio portfolio_;
  std::vector<double> prices_;             // [symbols] last close, NaN before the first
  std::vector<TimestampMs> price_ms_;      // [symbols]
  std::vector<std::uint64_t> ordered_at_;  // [symbols] bar of the last order
  std::vector<int> orders_at_;             // [symbols] how many in that bar
  double equity_ = 0, peak_ = 0, drawdown_ = 0;
  std::uint64_t bar_sequence_ = 0;
  TimestampMs stream_ms_ = 0;
  std::int64_t orders_this_bar_ = 0;
  std::optional<Pending> pending_;
  std::map<std::string, OpenOrder> open_;
  std::deque<OpenOrder>
      closed_;  // recently finished: a repeat of their updates is no surprise, a late fill counts
  std::vector<Action> actions_;
  bool ledger_failed_ = false;

  static constexpr std::size_t closed_max = 4'096;
};

}  // namespace regent::engine
