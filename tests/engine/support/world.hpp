#pragma once
// A session's world under the test's control: time moves only when someone waits, the server answers by a
// rule, and a crash can be ordered at any of the points where a process may die.

#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>

#include "base/error.hpp"
#include "engine/shell/session.hpp"
#include "tests/engine/support/market.hpp"
#include "tests/engine/support/temporary_folder.hpp"

namespace regent::engine::test {

struct Crash : std::exception {};

// Throws Crash at the n-th point.
struct CrashPlan {
  std::int64_t countdown = -1;  // never
  std::int64_t points = 0;
  void point() {
    ++points;
    if (countdown >= 0 && countdown-- == 0) throw Crash{};
  }
};

class FakeClock final : public Clock {
 public:
  std::int64_t now_ns() override { return time_ns; }
  std::int64_t time_ns = 1'000;
};

// Keeps bars per stream and decides by their last two closes, so that a lost or doubled bar changes the
// decision.
class FakeServer final : public DecisionPort {
 public:
  FakeServer(FakeClock& clock, CrashPlan& crash) : clock_(clock), crash_(crash) {}

  bool send(const wire::DecisionRequest& request) override {
    crash_.point();
    if (!up) return false;
    wire::check(request);
    ++requests;
    bars_sent += request.bars.timestamps_ms.size();
    if (silent) return true;
    push(answer(request));
    crash_.point();
    return true;
  }
  bool send_heartbeat() override {
    if (!up) return false;
    if (silent) return true;
    wire::DecisionReply reply;
    reply.status = wire::Status::alive;
    push(reply);
    return true;
  }
  std::optional<wire::DecisionReply> receive(int timeout_ms) override {
    const std::int64_t until_ns = clock_.time_ns + timeout_ms * 1'000'000LL;
    if (on_wait) on_wait();
    if (replies_.empty() || replies_.front().first > until_ns) {
      clock_.time_ns = until_ns;
      return {};
    }
    clock_.time_ns = std::max(clock_.time_ns, replies_.front().first);
    wire::DecisionReply reply = replies_.front().second;
    replies_.pop_front();
    crash_.point();
    if (malformed > 0) {
      --malformed;
      throw InputError("malformed");
    }
    return reply;
  }

  void restart() {  // with nothing in memory
    closes_.clear();
    times_.clear();
    replies_.clear();
  }
  std::size_t bars() const { return times_.size(); }
  // What the rule says about a bar: [symbols] between -0.3 and 0.3, by the sign and size of the last return.
  static double weight(double last, double before) {
    if (std::isnan(last) || std::isnan(before)) return 0;
    return std::max(-0.3, std::min(0.3, 10 * (last / before - 1)));
  }

  bool up = true, silent = false;
  int malformed = 0;
  std::int64_t latency_ns = 500'000;
  std::uint64_t requests = 0, bars_sent = 0;
  std::uint64_t warm_bars = 2;
  std::size_t refuse_from = SIZE_MAX;  // bars
  std::function<void()> on_wait;

 private:
  void push(wire::DecisionReply reply) {
    reply.stream = "test";
    reply.expected_sequence = times_.size() + 1;
    replies_.emplace_back(clock_.time_ns + latency_ns, std::move(reply));
  }

  wire::DecisionReply answer(const wire::DecisionRequest& request) {
    wire::DecisionReply reply;
    reply.sequence = request.sequence;
    if (request.bars.first_sequence > times_.size() + 1) {
      reply.status = wire::Status::need_history;
      return reply;
    }
    const std::size_t symbols = request.symbols.size();
    for (std::size_t bar = 0; bar < request.bars.timestamps_ms.size(); ++bar) {
      const std::uint64_t sequence = request.bars.first_sequence + bar;
      const std::vector<double> closes(
          request.bars.close.begin() + static_cast<std::ptrdiff_t>(bar * symbols),
          request.bars.close.begin() + static_cast<std::ptrdiff_t>((bar + 1) * symbols));
      if (sequence <= times_.size()) {
        if (times_[sequence - 1] != request.bars.timestamps_ms[bar])
          throw std::logic_error("a bar came back changed");
        continue;
      }
      times_.push_back(request.bars.timestamps_ms[bar]);
      closes_.push_back(closes);
    }
    return decide(request.sequence);
  }

  wire::DecisionReply decide(std::uint64_t sequence) {
    wire::DecisionReply reply;
    reply.sequence = sequence;
    reply.timestamp_ms = times_[sequence - 1];
    reply.expires_ms = reply.timestamp_ms + 5 * day_ms;
    reply.fingerprint = "fake";
    reply.bundle_end_ms = first_day_ms - day_ms;
    if (sequence >= refuse_from) {
      reply.status = wire::Status::rejected;
      reply.reason = "no";
      return reply;
    }
    if (sequence < warm_bars) {
      reply.status = wire::Status::warming;
      return reply;
    }
    reply.status = wire::Status::decided;
    const auto &last = closes_[sequence - 1], &before = closes_[sequence - 2];
    for (std::size_t i = 0; i < last.size(); ++i) reply.weights.push_back(weight(last[i], before[i]));
    reply.convictions = reply.weights;
    reply.macro_posterior = {0.25, 0.75};
    reply.macro_labels = {"calm", "chaos"};
    reply.regime = "chaos";
    reply.confidence = 0.75;
    return reply;
  }

  FakeClock& clock_;
  CrashPlan& crash_;
  std::vector<std::vector<double>> closes_;
  std::vector<TimestampMs> times_;
  std::deque<std::pair<std::int64_t, wire::DecisionReply>> replies_;
};

class FakeCommands final : public CommandPort {
 public:
  std::optional<Command> poll(const Core&) override {
    if (waiting.empty()) return {};
    const Command command = waiting.front();
    waiting.pop_front();
    return command;
  }
  void done(const Core&) override { ++carried_out; }
  std::deque<Command> waiting;
  int carried_out = 0;
};

// Everything that happened, for looking at afterwards.
class Witness final : public SessionListener {
 public:
  void on_step(const Event& event, const std::vector<Action>& all, const Core& core) override {
    if (const auto* update = std::get_if<OrderUpdate>(&event)) updates.push_back(*update);
    for (const Action& action : all) actions.push_back(action);
    state = core.state();
    if (seen) seen(event, core);
  }
  void on_commit(std::uint64_t) override {}
  std::vector<OrderUpdate> updates;
  std::vector<Action> actions;
  State state = State::hold;
  std::function<void(const Event&, const Core&)> seen;
};

struct World {
  CrashPlan crash;
  FakeClock clock;
  FakeServer server{clock, crash};
  FakeCommands commands;
  Witness witness;
  SessionPorts ports() { return {clock, server, commands, witness}; }
};

inline SessionSettings session_settings(std::size_t symbols) {
  SessionSettings settings;
  settings.core = core_settings(symbols);
  return settings;
}

// One process: opens the ledger, recovers, plays the panel to its end, stops. Crashes by the world's plan.
inline void run_process(World& world, const std::filesystem::path& path, const market::Panel& panel,
                        const SessionSettings& settings) {
  LedgerWriter ledger(path, {});
  ledger.on_commit([&](std::uint64_t) { world.crash.point(); });
  Session session(settings, ledger, ledger.rows() > 0 ? rebuild(path, settings.memory_bars) : Rebuild(),
                  world.ports());
  session.start();
  for (std::size_t bar = 0; bar < panel.bars() && !session.stop_requested(); ++bar)
    session.on_bar(panel.bar(bar));
  session.stop();
}

}  // namespace regent::engine::test
