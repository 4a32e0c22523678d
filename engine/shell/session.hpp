#pragma once
// The shell around the core: gives it events, makes its steps durable, and only then carries out its actions.
// One thread. Everything outside comes through ports, so tests run it with their own clock, server and venue.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/core.hpp"
#include "engine/ledger/rebuild.hpp"
#include "engine/ledger/writer.hpp"
#include "engine/shell/bar_store.hpp"
#include "engine/shell/liveness.hpp"
#include "engine/shell/ports.hpp"
#include "engine/shell/settings.hpp"

namespace regent::engine {

struct SessionPorts {
  Clock& clock;
  DecisionPort& server;
  CommandPort& commands;
  SessionListener& listener;
};

class Session {
 public:
  // `past`: what the ledger stands for (a fresh Rebuild for a new one). settings.core.symbols must be set.
  // Throws InputError when the ledger belongs to another stream or other symbols.
  Session(const SessionSettings& settings, LedgerWriter& ledger, Rebuild past, const SessionPorts& ports);

  // Waits for the server, records the start, and finishes what an earlier process left open. Throws
  // RetryableError when a replay finds no server, InputError when the server's stream has gone further than
  // the ledger.
  void start();
  // One bar's whole cycle: fills, valuation, request, answer or deadline, orders. Throws InputError for a bar
  // that does not fit the stream. A bar that the ledger holds already is compared with it and skipped.
  void on_bar(const market::BarView& bar);
  // Heartbeats, deadlines and commands, for about so long.
  void idle(std::int64_t duration_ns);
  void feed_lost();
  // Records a clean end. Positions and pending orders stay as they are.
  void stop();

  bool stop_requested() const { return stop_requested_; }
  bool failed() const {
    return failed_;
  }  // the ledger could not be written: HALTED, nothing is sent any more
  const Core& core() const { return core_; }
  const PaperVenue& venue() const { return venue_; }
  const BarStore& bars() const { return store_; }

  static constexpr std::uint64_t history_bars_per_commit = 256;

 private:
  // Bars of history, sent at once, whose answer is awaited.
  struct InFlight {
    std::uint64_t sequence = 0;
    std::int64_t sent_ns = 0;
  };
  // A request of the core that waits for its answer.
  struct Asked {
    std::uint64_t sequence = 0;
    std::int64_t deadline_ns = 0;
    std::int64_t since_ns = 0;
    std::uint64_t sends = 0;
    std::uint64_t last_sent = 0;  // last bar of the last message
    bool sent = false;            // that was `sequence` itself
  };

  void apply(const Event& event);
  void flush();
  void fail(const std::string& reason);
  void carry_out(const std::vector<Action>& actions);
  void take_venue_updates();

  bool is_recorded(const market::BarView& bar) const;
  void check_bar(const market::BarView& bar) const;
  void connect();
  void warm_up();
  void answer();
  bool send_bars(std::uint64_t up_to, std::int64_t now_ns);
  std::uint64_t bars_per_message() const;
  // Waits up to timeout_ms for a reply, and does everything else that may be due meanwhile.
  std::optional<wire::DecisionReply> listen(int timeout_ms);
  void digest(const wire::DecisionReply& reply);
  std::optional<DecisionArrived> as_decision(const wire::DecisionReply& reply) const;
  void watch_server();
  void take_commands();
  void keep_for_start(const Command& command);

  SessionSettings settings_;
  LedgerWriter& ledger_;
  SessionPorts ports_;
  Core core_;
  PaperVenue venue_;
  BarStore store_;
  Liveness liveness_;
  std::vector<OrderUpdate> unrecorded_;
  std::vector<Action> outbox_;
  std::optional<Asked> asked_;
  std::optional<InFlight> in_flight_;
  std::uint64_t server_next_ = 1;  // the next bar that the server needs
  std::uint64_t uncommitted_bars_ = 0;
  std::uint64_t malformed_replies_ = 0;
  std::vector<Command> early_;  // that came before the start was recorded
  bool begun_ = false;          // the start is recorded
  bool warmed_ = false, stop_requested_ = false, failed_ = false;
};

}  // namespace regent::engine
