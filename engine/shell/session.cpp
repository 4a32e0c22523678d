#include "engine/shell/session.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "engine/ledger/canonical_json.hpp"

namespace regent::engine {

namespace {

constexpr int poll_ms = 20;  // how long nothing may be looked at
// More bars than these in one message are history, and the server gets more time for them.
constexpr std::uint64_t short_message_bars = 16;
constexpr std::uint64_t malformed_reported_max = 10;
constexpr int commands_per_turn_max = 16;  // a flood of them does not keep the engine from its work
constexpr std::size_t early_commands_max = 64;

int milliseconds(std::int64_t duration_ns) {
  return static_cast<int>(std::clamp<std::int64_t>((duration_ns + ns_per_ms - 1) / ns_per_ms, 0, poll_ms));
}

}  // namespace

Session::Session(const SessionSettings& settings, LedgerWriter& ledger, Rebuild past,
                 const SessionPorts& ports)
    : settings_(settings),
      ledger_(ledger),
      ports_(ports),
      core_(std::move(past.core)),
      venue_(std::move(past.venue)),
      store_(settings.memory_bars),
      liveness_(settings.heartbeat_ns, settings.heartbeat_lost_ns) {
  for (Bar& bar : past.bars) store_.add(std::move(bar));
  unrecorded_.assign(past.unrecorded().begin(), past.unrecorded().end());
  if (!core_.started()) return;
  const CoreSettings& before = core_.settings();
  if (before.stream != settings_.core.stream) {
    throw InputError(ledger.path().string() + ": belongs to stream '" + before.stream + "', not '" +
                     settings_.core.stream + "'; set engine.stream, or name another ledger");
  }
  if (before.symbols != settings_.core.symbols) {
    throw InputError(ledger.path().string() + ": belongs to " + std::to_string(before.symbols.size()) +
                     " symbols that are not the feed's " + std::to_string(settings_.core.symbols.size()) +
                     "; other symbols are another stream with a ledger of its own");
  }
}

// ---- steps
// ----------------------------------------------------------------------------------------------------

void Session::apply(const Event& event) {
  if (failed_) return;
  const std::int64_t now_ns = ports_.clock.now_ns();
  const std::vector<Action> actions = core_.step(event, now_ns);
  const std::vector<std::string>& symbols = core_.settings().symbols;
  try {
    const auto append = [&](const RowContent& row) {
      ledger_.append(row.kind, core_.stream_ms(), canonical(row.payload));
    };
    append(row_of(event, now_ns, symbols));
    for (const Action& action : actions) {
      if (const auto row = row_of(action, symbols)) append(*row);
    }
  } catch (const Error& error) {
    fail(error.what());
    return;
  }
  outbox_.insert(outbox_.end(), actions.begin(), actions.end());
  ports_.listener.on_step(event, actions, core_);
}

void Session::fail(const std::string& reason) {
  if (failed_) return;
  failed_ = true;
  outbox_.clear();
  asked_.reset();
  spdlog::error("HALTED: {}", reason);
  const Event event = LedgerFailed{reason};
  ports_.listener.on_step(event, core_.step(event, ports_.clock.now_ns()), core_);
}

void Session::flush() {
  // carrying out an action may bring updates, and these further actions
  do {
    if (failed_) return;
    try {
      ledger_.commit();
    } catch (const Error& error) {
      fail(error.what());
      return;
    }
    uncommitted_bars_ = 0;
    ports_.listener.on_commit(ledger_.rows());
    const std::vector<Action> actions = std::exchange(outbox_, {});
    carry_out(actions);
    take_venue_updates();
  } while (!outbox_.empty());
}

void Session::carry_out(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (const auto* submit = std::get_if<SubmitOrder>(&action)) {
      venue_.submit(submit->order);
    } else if (const auto* cancel = std::get_if<CancelOrder>(&action)) {
      venue_.cancel(cancel->client_order_id);
    } else if (const auto* request = std::get_if<RequestDecision>(&action)) {
      asked_ = Asked{request->sequence, request->deadline_ns, ports_.clock.now_ns()};
    } else if (const auto* change = std::get_if<StateChanged>(&action)) {
      const std::string causes = change->hold_causes.text();
      spdlog::info("{} -> {} {}{}{}", to_text(change->from), to_text(change->to), change->cause,
                   change->cause.empty() || causes.empty() ? "" : ", ", causes);
    }
  }
}

void Session::take_venue_updates() {
  for (const OrderUpdate& update : venue_.take_updates()) apply(update);
}

// ---- start and stop
// -------------------------------------------------------------------------------------------

void Session::connect() {
  const std::int64_t give_up_ns = ports_.clock.now_ns() + settings_.connect_timeout_ns;
  while (!liveness_.alive() && !stop_requested_ && ports_.clock.now_ns() < give_up_ns) {
    const std::int64_t now_ns = ports_.clock.now_ns();
    if (liveness_.should_ask(now_ns)) {
      // nobody there yet: try again at the next turn, not at the next heartbeat
      if (ports_.server.send_heartbeat()) liveness_.asked(now_ns);
    }
    if (const auto reply = listen(poll_ms)) digest(*reply);
    take_commands();
    if (liveness_.update(ports_.clock.now_ns()) == Liveness::Change::seen) break;
  }
  if (!liveness_.alive() && !stop_requested_ && !settings_.live) {
    throw RetryableError("no server answered within " +
                         std::to_string(settings_.connect_timeout_ns / ns_per_ms) +
                         " ms (engine.connect_timeout_ms); start one with regent serve");
  }
  // bars are durable before they are sent: a server that knows more knows them from another run
  if (liveness_.alive() && server_next_ > core_.bars() + 1) {
    throw InputError(
        "the server already holds " + std::to_string(server_next_ - 1) + " bars of stream '" +
        settings_.core.stream + "' and the ledger " + std::to_string(core_.bars()) +
        "; give this run a name of its own with --set engine.stream=NAME, or restart the server");
  }
}

void Session::start() {
  connect();
  if (core_.bars() > 0 && core_.stream_ms() >= settings_.core.trade_from_ms) warm_up();
  Started started;
  started.settings = settings_.core;
  started.fee_fraction = settings_.paper.fee_fraction;
  started.slippage_fraction = settings_.paper.slippage_fraction;
  started.asks_again = !settings_.live;
  started.ledger_failed = ledger_.previous_failed();
  started.version = version();
  venue_.set(settings_.paper);
  apply(started);
  for (const OrderUpdate& update : std::exchange(unrecorded_, {})) apply(update);
  if (liveness_.alive()) apply(HeartbeatSeen{});
  begun_ = true;
  for (const Command& command : std::exchange(early_, {})) apply(command);
  flush();
  if (asked_) answer();
}

void Session::stop() {
  apply(Stopped{});
  flush();
  if (failed_) return;
  try {
    ledger_.close();
  } catch (const Error& error) {
    fail(error.what());
  }
}

void Session::feed_lost() {
  apply(FeedLost{});
  flush();
}

// ---- bars
// -----------------------------------------------------------------------------------------------------

bool Session::is_recorded(const market::BarView& bar) const {
  if (core_.bars() == 0 || bar.timestamp_ms > core_.stream_ms()) return false;
  const Bar* recorded = store_.find(bar.timestamp_ms);
  const bool forgotten =
      !store_.in_memory().empty() && bar.timestamp_ms < store_.in_memory().front().timestamp_ms;
  if (recorded == nullptr && !forgotten) {
    throw InputError("the feed has a bar of " + format_timestamp(bar.timestamp_ms) +
                     " that the ledger does not hold, though it goes on to " +
                     format_timestamp(core_.stream_ms()));
  }
  if (recorded != nullptr && !same(*recorded, Bar::from(bar, recorded->sequence))) {
    throw InputError("the feed's bar of " + format_timestamp(bar.timestamp_ms) +
                     " differs from the one that the ledger holds");
  }
  return true;
}

void Session::check_bar(const market::BarView& bar) const {
  if (bar[market::Column::close].size() != settings_.core.symbols.size()) {
    throw InputError("a bar of " + std::to_string(bar[market::Column::close].size()) +
                     " symbols; the stream has " + std::to_string(settings_.core.symbols.size()));
  }
  if (store_.in_memory().empty()) return;
  const Bar& last = store_.in_memory().back();
  for (std::size_t c = 0; c < market::column_count; ++c) {
    if (last.columns[c].size() != bar.columns[c].size()) {
      throw InputError(std::string("column ") + market::column_names[c] + " of the bar of " +
                       format_timestamp(bar.timestamp_ms) + " has " + std::to_string(bar.columns[c].size()) +
                       " values, the bar before it " + std::to_string(last.columns[c].size()) +
                       "; the columns of a stream stay the same");
    }
  }
}

void Session::on_bar(const market::BarView& view) {
  take_commands();
  if (failed_ || is_recorded(view)) return;
  check_bar(view);
  const bool traded = view.timestamp_ms >= settings_.core.trade_from_ms;
  if (traded && !warmed_) {
    flush();  // a server must never know more of the stream than the ledger
    warm_up();
  }
  const Bar bar = Bar::from(view, core_.bars() + 1);
  venue_.on_bar(view);
  take_venue_updates();
  store_.add(bar);
  apply(bar);
  if (!traded) {
    if (++uncommitted_bars_ >= history_bars_per_commit) flush();
    return;
  }
  flush();
  if (asked_) answer();
}

// ---- the server
// -----------------------------------------------------------------------------------------------

std::uint64_t Session::bars_per_message() const {
  const std::size_t bytes_per_bar =
      settings_.core.symbols.size() * market::column_count * sizeof(double) + 64;
  const std::size_t fitting = wire::message_bytes_max / 2 / bytes_per_bar;
  return std::clamp<std::uint64_t>(fitting, 1, wire::bars_per_message_max);
}

// Sends bars from the server's next one on, at most up to `up_to`; the last one at least, as the question
// itself.
bool Session::send_bars(std::uint64_t up_to, std::int64_t now_ns) {
  const std::uint64_t first = std::clamp<std::uint64_t>(server_next_, 1, up_to);
  const std::uint64_t last = std::min(up_to, first + bars_per_message() - 1);
  const bool is_short = last - first < short_message_bars;
  const std::int64_t allowed_ns =
      asked_ && is_short ? asked_->deadline_ns - now_ns : settings_.warmup_deadline_ns;
  wire::DecisionRequest request;
  request.stream = settings_.core.stream;
  request.sequence = last;
  request.deadline_ms =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(allowed_ns / ns_per_ms, 1, wire::deadline_ms_max));
  request.symbols = settings_.core.symbols;
  request.bars = store_.range(first, last, ledger_.database());
  liveness_.asked(now_ns);
  if (!ports_.server.send(request)) return false;
  if (!asked_ || !is_short || last < up_to) in_flight_ = InFlight{last, now_ns};
  if (!asked_) return true;
  asked_->sent = last == asked_->sequence;
  asked_->last_sent = last;
  ++asked_->sends;
  return true;
}

void Session::digest(const wire::DecisionReply& reply) {
  liveness_.answered();
  if (reply.expected_sequence > 0) server_next_ = reply.expected_sequence;
  const bool caught_up = in_flight_ && (reply.sequence == in_flight_->sequence ||
                                        reply.expected_sequence > in_flight_->sequence);
  if (caught_up) in_flight_.reset();
}

std::optional<wire::DecisionReply> Session::listen(int timeout_ms) {
  try {
    return ports_.server.receive(timeout_ms);
  } catch (const InputError& error) {
    if (++malformed_replies_ <= malformed_reported_max) spdlog::warn("a reply is ignored: {}", error.what());
    return {};
  }
}

void Session::watch_server() {
  const std::int64_t now_ns = ports_.clock.now_ns();
  if (liveness_.should_ask(now_ns)) {
    ports_.server.send_heartbeat();
    liveness_.asked(now_ns);
  }
  if (in_flight_ && now_ns - in_flight_->sent_ns > settings_.warmup_deadline_ns) in_flight_.reset();
  const Liveness::Change change = liveness_.update(now_ns);
  if (change == Liveness::Change::none) return;
  if (change == Liveness::Change::lost) in_flight_.reset();
  if (!core_.started()) return;
  if (change == Liveness::Change::seen) {
    apply(HeartbeatSeen{});
  } else {
    apply(HeartbeatLost{});
  }
  flush();
}

// The server learns what it lacks of the bars so far; its answers are not used.
void Session::warm_up() {
  warmed_ = true;
  const std::uint64_t bars = core_.bars();
  const std::int64_t give_up_ns = ports_.clock.now_ns() + settings_.warmup_deadline_ns;
  const std::uint64_t sends_max = 2 * (bars / bars_per_message() + 4);
  std::uint64_t sends = 0;
  while (server_next_ <= bars && liveness_.alive() && !stop_requested_) {
    const std::int64_t now_ns = ports_.clock.now_ns();
    if (now_ns >= give_up_ns || sends > sends_max) {
      spdlog::warn("the server holds {} of {} bars of history; going on", server_next_ - 1, bars);
      return;
    }
    if (!in_flight_ && send_bars(bars, now_ns)) ++sends;
    if (const auto reply = listen(poll_ms)) {
      digest(*reply);
      if (reply->status == wire::Status::rejected) {
        throw InputError("the server rejects this stream's history: " + reply->reason);
      }
    }
    take_commands();
  }
}

std::optional<DecisionArrived> Session::as_decision(const wire::DecisionReply& reply) const {
  using wire::Status;
  const bool refused = reply.status == Status::rejected || reply.status == Status::late;
  if (reply.status == Status::alive || reply.status == Status::need_history) return {};
  // a refused piece of history refuses the question that it was sent for
  const bool ours = reply.sequence == asked_->sequence || (refused && reply.sequence == asked_->last_sent);
  if (!ours) return {};
  DecisionArrived decision;
  decision.sequence = asked_->sequence;
  decision.status = refused                           ? DecisionArrived::Status::refused
                    : reply.status == Status::warming ? DecisionArrived::Status::warming
                                                      : DecisionArrived::Status::decided;
  decision.reason = reply.reason;
  decision.timestamp_ms = reply.timestamp_ms;
  decision.expires_ms = reply.expires_ms;
  decision.weights = reply.weights;
  decision.convictions = reply.convictions;
  decision.macro_posterior = reply.macro_posterior;
  decision.micro_posterior = reply.micro_posterior;
  decision.macro_labels = reply.macro_labels;
  decision.regime = reply.regime;
  decision.confidence = reply.confidence;
  decision.predicted_volatility = reply.predicted_volatility;
  decision.fingerprint = reply.fingerprint;
  decision.bundle_end_ms = reply.bundle_end_ms;
  decision.compute_us = reply.compute_us;
  decision.latency_ns = ports_.clock.now_ns() - asked_->since_ns;
  return decision;
}

// Until the core's request is answered, one way or the other.
void Session::answer() {
  const std::uint64_t sends_max = 2 * (asked_->sequence / bars_per_message() + 4);
  while (asked_ && !failed_) {
    const std::int64_t now_ns = ports_.clock.now_ns();
    if (now_ns >= asked_->deadline_ns) {
      asked_.reset();
      apply(Timer{});
      break;
    }
    const bool may_send = !in_flight_ && asked_->sends < sends_max;
    if (may_send && !asked_->sent) send_bars(asked_->sequence, now_ns);
    const auto reply = listen(milliseconds(asked_->deadline_ns - now_ns));
    if (reply) {
      digest(*reply);
      watch_server();  // it may have come back: the core must know before it judges the decision
      if (!asked_) break;
      if (reply->status == wire::Status::need_history) asked_->sent = false;
      if (const auto decision = as_decision(*reply)) {
        take_commands();  // a kill that came while we waited comes before the orders
        asked_.reset();
        apply(*decision);
        break;
      }
      continue;  // take everything that has arrived before judging who is silent
    }
    watch_server();
    take_commands();
  }
  if (!outbox_.empty()) flush();
}

// ---- waiting and commands
// -------------------------------------------------------------------------------------

void Session::take_commands() {
  for (int taken = 0; taken < commands_per_turn_max; ++taken) {
    const auto command = ports_.commands.poll(core_);
    if (!command) return;
    if (command->kind == Command::Kind::shutdown) stop_requested_ = true;
    if (begun_) {
      apply(*command);
      flush();
    } else {
      keep_for_start(*command);
    }
    ports_.commands.done(core_);
  }
}

// Until the start is recorded, and what the venue said before it, no other row may be: a kill then would be
// recorded before fills and acceptances that came first, or would find no core to halt. Nothing is sent to
// the venue meanwhile.
void Session::keep_for_start(const Command& command) {
  spdlog::info("{} is carried out as soon as the engine has started", to_text(command.kind));
  if (!early_.empty() && early_.back().kind == command.kind) return;
  // a flood: once the list is full only a kill still counts, and nothing after it
  if (early_.size() >= early_commands_max && command.kind != Command::Kind::kill) return;
  early_.push_back(command);
}

void Session::idle(std::int64_t duration_ns) {
  const std::int64_t until_ns = ports_.clock.now_ns() + duration_ns;
  do {
    const std::int64_t left_ns = until_ns - ports_.clock.now_ns();
    while (const auto reply = listen(milliseconds(left_ns))) {
      digest(*reply);
      if (ports_.clock.now_ns() >= until_ns) break;
    }
    watch_server();
    take_commands();
  } while (ports_.clock.now_ns() < until_ns && !stop_requested_ && !failed_);
}

}  // namespace regent::engine
