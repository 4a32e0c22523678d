#include "engine/core/core.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "engine/gates/governor.hpp"
#include "engine/gates/guardian.hpp"

namespace regent::engine {
namespace {

constexpr double quantity_tolerance = 1e-12;  // of what was ordered: parts of a double need not add up to it

}  // namespace

const char* to_text(DecisionArrived::Status status) {
  switch (status) {
    case DecisionArrived::Status::decided:
      return "decided";
    case DecisionArrived::Status::warming:
      return "warming";
    case DecisionArrived::Status::refused:
      return "refused";
  }
  return "?";
}

const char* to_text(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::kill:
      return "kill";
    case Command::Kind::rearm:
      return "rearm";
    case Command::Kind::hold:
      return "hold";
    case Command::Kind::shutdown:
      return "shutdown";
  }
  return "?";
}

std::vector<Action> Core::step(const Event& event, std::int64_t now_ns) {
  REGENT_INVARIANT(started_ || std::holds_alternative<Started>(event),
                   "the first event of a core is Started");
  actions_.clear();
  std::visit([&](const auto& value) { on(value, now_ns); }, event);
  note_state();
  return std::move(actions_);
}

std::optional<std::int64_t> Core::pending_deadline_ns() const {
  return pending_ ? std::optional(pending_->deadline_ns) : std::nullopt;
}

// ---- start
// ----------------------------------------------------------------------------------------------------

void Core::begin(const Started& event) {
  const std::size_t symbols = event.settings.symbols.size();
  portfolio_ = Portfolio(symbols, event.settings.initial_cash);
  prices_.assign(symbols, std::numeric_limits<double>::quiet_NaN());
  price_ms_.assign(symbols, 0);
  ordered_at_.assign(symbols, 0);
  orders_at_.assign(symbols, 0);
  equity_ = peak_ = event.settings.initial_cash;
  started_ = true;
}

void Core::on(const Started& event, std::int64_t now_ns) {
  if (!started_) {
    begin(event);
  } else {
    REGENT_INVARIANT(event.settings.symbols == settings_.symbols && event.settings.stream == settings_.stream,
                     "a stream keeps its name and symbols");
  }
  settings_ = event.settings;
  machine_.hold_causes().server_lost = true;  // until it answers
  if (event.ledger_failed) halt("ledger_failed");
  if (!pending_) return;
  if (event.asks_again) {
    request(now_ns);
  } else {
    miss_decision();
  }
}

// ---- bars
// -----------------------------------------------------------------------------------------------------

bool Core::accept_bar(const Bar& bar) {
  const auto& closes = bar[market::Column::close];
  if (bar.sequence != bar_sequence_ + 1 || (bar_sequence_ > 0 && bar.timestamp_ms <= stream_ms_)) {
    break_invariant("bar_out_of_order");
    return false;
  }
  if (closes.size() != prices_.size()) {
    break_invariant("bar_of_wrong_shape");
    return false;
  }
  const bool gap = bar_sequence_ > 0 && bar.timestamp_ms - stream_ms_ > settings_.guardian.bar_gap_max_ms;
  machine_.hold_causes().data_stale = gap;
  bar_sequence_ = bar.sequence;
  stream_ms_ = bar.timestamp_ms;
  orders_this_bar_ = 0;
  for (std::size_t i = 0; i < closes.size(); ++i) {
    if (!std::isfinite(closes[i]) || !(closes[i] > 0))
      continue;  // missing: the old price stays, with its age
    prices_[i] = closes[i];
    price_ms_[i] = bar.timestamp_ms;
  }
  return true;
}

void Core::on(const Bar& bar, std::int64_t now_ns) {
  if (pending_) miss_decision();  // the market went on without an answer
  if (!accept_bar(bar) || bar.timestamp_ms < settings_.trade_from_ms) return;
  value(bar);
  if (machine_.state() == State::halted) flatten();
  request(now_ns);  // in every state: the server keeps in step, and the record shows what it would have done
}

void Core::value(const Bar& bar) {
  equity_ = portfolio_.equity(prices_);
  if (!std::isfinite(equity_)) {
    break_invariant("equity_not_finite");
  } else if (!portfolio_.is_conserved(prices_)) {
    break_invariant("cash_not_conserved");
  }
  watch_drawdown();
  Valuation valuation;
  valuation.sequence = bar.sequence;
  valuation.timestamp_ms = bar.timestamp_ms;
  valuation.state = machine_.state();
  valuation.cash = portfolio_.cash();
  valuation.equity = equity_;
  valuation.peak = peak_;
  valuation.drawdown = drawdown_;
  valuation.gross = portfolio_.gross(prices_) / equity_;
  valuation.fees = portfolio_.fees();
  valuation.realised = portfolio_.realised();
  valuation.unrealised = portfolio_.unrealised(prices_);
  valuation.quantities = portfolio_.quantities();
  note_state();
  actions_.emplace_back(std::move(valuation));
}

void Core::watch_drawdown() {
  peak_ = std::max(peak_, equity_);
  // re-arming may have set the peak to an equity that is not positive: the fraction of it says nothing
  drawdown_ = peak_ > 0 ? 1 - equity_ / peak_ : 1;
  if (!(drawdown_ < settings_.guardian.halt_drawdown)) {
    halt("drawdown");
  } else if (!(drawdown_ < settings_.guardian.reduce_drawdown)) {
    machine_.reduce("drawdown");
  }
}

// ---- decisions
// ------------------------------------------------------------------------------------------------

void Core::request(std::int64_t now_ns) {
  pending_ = Pending{bar_sequence_, now_ns + settings_.deadline_ns};
  actions_.emplace_back(RequestDecision{pending_->sequence, pending_->deadline_ns});
}

void Core::miss_decision() {
  pending_.reset();
  machine_.hold_causes().decision_late = true;
}

void Core::on(const Timer&, std::int64_t now_ns) {
  if (pending_ && now_ns >= pending_->deadline_ns) miss_decision();
}

bool Core::is_usable(const DecisionArrived& decision) const {
  const auto finite = [](double value) { return std::isfinite(value); };
  return decision.timestamp_ms == stream_ms_ && decision.weights.size() == prices_.size() &&
         std::all_of(decision.weights.begin(), decision.weights.end(), finite);
}

void Core::on(const DecisionArrived& decision, std::int64_t now_ns) {
  if (!pending_ || decision.sequence != pending_->sequence) return;  // nobody waits for it any more
  if (now_ns > pending_->deadline_ns) {
    miss_decision();
    return;
  }
  pending_.reset();
  machine_.hold_causes().decision_late = false;
  if (decision.status == DecisionArrived::Status::warming) {
    machine_.hold_causes().decision_bad = false;
    return;
  }
  machine_.hold_causes().decision_bad =
      decision.status != DecisionArrived::Status::decided || !is_usable(decision);
  note_state();
  if (!machine_.hold_causes().decision_bad) trade(decision);
}

void Core::trade(const DecisionArrived& decision) {
  cancel_all();  // the new decision replaces what is still on its way
  std::vector<char> blocked(prices_.size(), 0);
  for (const auto& [id, open] : open_) blocked[open.order.symbol] = 1;
  PlanInput input{decision.weights, prices_, portfolio_.quantities(),
                  blocked,          equity_, settings_.rebalance_band};
  for (const PlannedTrade& trade : plan(input)) {
    if (submit(trade.symbol, trade.quantity, &decision)) continue;
    const double held = portfolio_.quantity(trade.symbol);
    const bool crosses_zero = held != 0 && !trade.reducing && (trade.quantity > 0) != (held > 0);
    if (crosses_zero)
      submit(trade.symbol, -held, &decision);  // the way out is open where the way across is not
  }
}

// ---- orders
// ---------------------------------------------------------------------------------------------------

double Core::open_quantity(std::size_t symbol) const {
  double sum = 0;
  for (const auto& [id, open] : open_) {
    if (open.order.symbol == symbol) sum += open.remaining();
  }
  return sum;
}

GateSnapshot Core::snapshot(std::size_t symbol, const DecisionArrived* decision) const {
  GateSnapshot s;
  s.state = machine_.state();
  s.server_alive = !machine_.hold_causes().server_lost;
  s.stream_ms = stream_ms_;
  s.equity = equity_;
  s.drawdown = drawdown_;
  s.halt_action = decision == nullptr;
  if (decision != nullptr) {
    s.decision_expires_ms = decision->expires_ms;
    s.bundle_end_ms = decision->bundle_end_ms;
  }
  s.symbol = settings_.symbols[symbol];
  s.position = portfolio_.quantity(symbol);
  s.open_quantity = open_quantity(symbol);
  s.price = prices_[symbol];
  s.price_ms = price_ms_[symbol];
  std::vector<double> open(prices_.size(), 0.0);
  for (const auto& [id, order] : open_) open[order.order.symbol] += order.remaining();
  for (std::size_t i = 0; i < prices_.size(); ++i) {
    const double units = worst_position(0, portfolio_.quantity(i), open[i]);
    if (i != symbol && units != 0) s.gross_of_others += units * prices_[i];
  }
  s.orders_this_bar = orders_this_bar_;
  return s;
}

Order Core::order_of(std::size_t symbol, double quantity) {
  Order order;
  order.sequence = bar_sequence_;
  order.symbol = symbol;
  order.quantity = quantity;
  order.reference_price = prices_[symbol];
  order.timestamp_ms = stream_ms_;
  order.reducing = is_reducing(quantity, portfolio_.quantity(symbol), open_quantity(symbol));
  order.client_order_id =
      settings_.stream + "-" + std::to_string(bar_sequence_) + "-" + settings_.symbols[symbol];
  // a second order of the same bar (the first one is finished) needs a name of its own
  const int before = ordered_at_[symbol] == bar_sequence_ ? orders_at_[symbol] : 0;
  if (before > 0) order.client_order_id += "-" + std::to_string(before + 1);
  return order;
}

bool Core::submit(std::size_t symbol, double quantity, const DecisionArrived* decision) {
  const Order order = order_of(symbol, quantity);
  const GateSnapshot s = snapshot(symbol, decision);
  Verdict verdict = guardian_verdict(quantity, s, settings_.guardian);
  if (verdict.allowed) verdict = governor_verdict(quantity, s, settings_.governor);
  if (!verdict.allowed) {
    actions_.emplace_back(OrderDenied{order, verdict.denial});
    return false;
  }
  orders_at_[symbol] = ordered_at_[symbol] == bar_sequence_ ? orders_at_[symbol] + 1 : 1;
  ordered_at_[symbol] = bar_sequence_;
  ++orders_this_bar_;
  open_[order.client_order_id].order = order;
  actions_.emplace_back(SubmitOrder{order});
  return true;
}

void Core::cancel_all() {
  for (auto& [id, open] : open_) {
    if (open.cancelling) continue;
    open.cancelling = true;
    actions_.emplace_back(CancelOrder{id});
  }
}

void Core::flatten() {
  if (settings_.guardian.halt_action != HaltAction::flatten || ledger_failed_) return;
  for (std::size_t i = 0; i < prices_.size(); ++i) {
    if (portfolio_.quantity(i) != 0 && open_quantity(i) == 0) submit(i, -portfolio_.quantity(i), nullptr);
  }
}

void Core::close(const std::string& client_order_id) {
  const auto found = open_.find(client_order_id);
  closed_.push_back(std::move(found->second));
  open_.erase(found);
  if (closed_.size() > closed_max) closed_.pop_front();
}

OpenOrder* Core::recently_closed(const std::string& client_order_id) {
  const auto found = std::find_if(closed_.begin(), closed_.end(), [&](const OpenOrder& closed) {
    return closed.order.client_order_id == client_order_id;
  });
  return found == closed_.end() ? nullptr : &*found;
}

// What the venue did is a fact: a fill that should not be (too large, after others were lost) is booked as
// well, so that the position on which the halt acts is the account's. Only what cannot be booked is refused.
void Core::fill(OpenOrder& order, const OrderUpdate& update) {
  if (update.fill == 0) return break_invariant("fill_without_number");
  if (update.fill <= order.fills) return;  // a repeated message
  const bool usable = std::isfinite(update.quantity) && update.quantity != 0 && std::isfinite(update.price) &&
                      update.price > 0 && std::isfinite(update.fee) && update.fee >= 0;
  if (!usable) return break_invariant("fill_not_a_number");
  if ((update.quantity > 0) != (order.order.quantity > 0)) return break_invariant("fill_on_the_wrong_side");
  const bool skips = update.fill != order.fills + 1;
  order.fills = update.fill;
  order.accepted = true;
  order.filled += update.quantity;
  portfolio_.fill(order.order.symbol, update.quantity, update.price, update.fee);
  const double ordered = std::abs(order.order.quantity);
  if (std::abs(order.filled) > ordered * (1 + quantity_tolerance)) {
    break_invariant("fill_exceeds_order");
  } else if (skips) {
    break_invariant("fill_missing");
  }
}

void Core::on(const OrderUpdate& update, std::int64_t) {
  const auto found = open_.find(update.client_order_id);
  if (found == open_.end()) {
    OpenOrder* const closed = recently_closed(update.client_order_id);
    if (closed == nullptr) return break_invariant("update_of_unknown_order");
    // a fill may cross the word that the order was cancelled
    if (update.kind == UpdateKind::filled) fill(*closed, update);
    return;
  }
  OpenOrder& open = found->second;
  switch (update.kind) {
    case UpdateKind::accepted:
      open.accepted = true;
      break;
    case UpdateKind::filled:
      fill(open, update);
      if (std::abs(open.filled) >= std::abs(open.order.quantity) * (1 - quantity_tolerance))
        close(update.client_order_id);
      break;
    case UpdateKind::rejected:
    case UpdateKind::cancelled:
      close(update.client_order_id);
      break;
  }
}

// ---- health and commands
// --------------------------------------------------------------------------------------

void Core::on(const HeartbeatSeen&, std::int64_t) {
  machine_.hold_causes().server_lost = false;
}
void Core::on(const HeartbeatLost&, std::int64_t) {
  machine_.hold_causes().server_lost = true;
}
void Core::on(const FeedLost&, std::int64_t) {
  machine_.hold_causes().data_stale = true;
}
void Core::on(const Stopped&, std::int64_t) {}

void Core::on(const LedgerFailed&, std::int64_t) {
  ledger_failed_ =
      true;  // what cannot be recorded must not be sent, so nothing is cancelled or flattened either
  machine_.halt("ledger_failed");
}

void Core::on(const Command& command, std::int64_t) {
  switch (command.kind) {
    case Command::Kind::kill:
      halt("kill");
      flatten();
      break;
    case Command::Kind::rearm:
      if (ledger_failed_) break;
      machine_.rearm();
      peak_ = equity_;
      drawdown_ = 0;
      break;
    case Command::Kind::hold:
      machine_.hold_causes().operator_hold = true;
      break;
    case Command::Kind::shutdown:
      break;
  }
}

void Core::halt(const std::string& cause) {
  if (machine_.state() == State::halted) return;
  machine_.halt(cause);
  note_state();
  cancel_all();
}

void Core::break_invariant(const std::string& name) {
  halt("invariant:" + name);
}

void Core::note_state() {
  if (noted_state_ == machine_.state() && noted_causes_ == machine_.hold_causes()) return;
  actions_.emplace_back(
      StateChanged{noted_state_, machine_.state(), machine_.hold_causes(), machine_.latch_cause()});
  noted_state_ = machine_.state();
  noted_causes_ = machine_.hold_causes();
}

}  // namespace regent::engine
