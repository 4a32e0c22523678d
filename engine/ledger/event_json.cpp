#include "engine/ledger/event_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace regent::engine {

namespace {

using nlohmann::json;

constexpr std::array input_kinds{"started",        "bar",
                                 "decision",       "heartbeat_seen",
                                 "heartbeat_lost", "feed_lost",
                                 "order_accepted", "order_rejected",
                                 "order_filled",   "order_cancelled",
                                 "ledger_failed",  "command",
                                 "timer",          "stopped"};
constexpr std::array output_kinds{"order", "cancel", "denial", "state", "equity"};

// ---- reading
// --------------------------------------------------------------------------------------------------

const json& field(const json& payload, const char* name) {
  const auto found = payload.find(name);
  if (found == payload.end()) throw InputError(std::string("field '") + name + "' is absent");
  return *found;
}

template <typename Value>
Value get(const json& payload, const char* name) {
  try {
    return field(payload, name).get<Value>();
  } catch (const json::exception&) {
    throw InputError(std::string("field '") + name + "' is of a wrong type: " + field(payload, name).dump());
  }
}

// as ledger/canonical_json.hpp writes them
double real_from(const json& value, const char* name) {
  if (value.is_number()) return value.get<double>();
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  throw InputError(std::string("field '") + name + "' is not a number: " + value.dump());
}

double get_real(const json& payload, const char* name) {
  return real_from(field(payload, name), name);
}

std::vector<double> get_reals(const json& payload, const char* name) {
  const json& values = field(payload, name);
  if (!values.is_array()) throw InputError(std::string("field '") + name + "' is not a list");
  std::vector<double> reals;
  reals.reserve(values.size());
  for (const json& value : values) reals.push_back(real_from(value, name));
  return reals;
}

template <typename Value>
std::optional<Value> get_optional(const json& payload, const char* name) {
  if (field(payload, name).is_null()) return std::nullopt;
  return get<Value>(payload, name);
}

template <typename Enum, std::size_t count>
Enum get_enum(const json& payload, const char* name, const std::array<Enum, count>& values) {
  const auto text = get<std::string>(payload, name);
  for (const Enum value : values) {
    if (text == to_text(value)) return value;
  }
  throw InputError(std::string("field '") + name + "' has the unknown value '" + text + "'");
}

template <typename Value>
json optional_json(const std::optional<Value>& value) {
  return value ? json(*value) : json(nullptr);
}

// ---- settings
// -------------------------------------------------------------------------------------------------

json guardian_json(const GuardianLimits& limits) {
  return {{"reduce_drawdown", limits.reduce_drawdown},
          {"halt_drawdown", limits.halt_drawdown},
          {"data_age_max_ms", limits.data_age_max_ms},
          {"bar_gap_max_ms", limits.bar_gap_max_ms},
          {"bundle_age_max_ms", limits.bundle_age_max_ms},
          {"allow_bundle_from_future", limits.allow_bundle_from_future},
          {"halt_action", to_text(limits.halt_action)}};
}

GuardianLimits guardian_from(const json& payload) {
  GuardianLimits limits;
  limits.reduce_drawdown = get_real(payload, "reduce_drawdown");
  limits.halt_drawdown = get_real(payload, "halt_drawdown");
  limits.data_age_max_ms = get<TimestampMs>(payload, "data_age_max_ms");
  limits.bar_gap_max_ms = get<TimestampMs>(payload, "bar_gap_max_ms");
  limits.bundle_age_max_ms = get<TimestampMs>(payload, "bundle_age_max_ms");
  limits.allow_bundle_from_future = get<bool>(payload, "allow_bundle_from_future");
  limits.halt_action =
      get_enum(payload, "halt_action", std::array{HaltAction::hold_positions, HaltAction::flatten});
  return limits;
}

json governor_json(const GovernorLimits& limits) {
  return {{"position_weight_max", optional_json(limits.position_weight_max)},
          {"gross_leverage_max", optional_json(limits.gross_leverage_max)},
          {"order_value_max", optional_json(limits.order_value_max)},
          {"orders_per_bar_max", optional_json(limits.orders_per_bar_max)},
          {"short_selling", optional_json(limits.short_selling)},
          {"restricted_symbols", optional_json(limits.restricted_symbols)}};
}

GovernorLimits governor_from(const json& payload) {
  GovernorLimits limits;
  limits.position_weight_max = get_optional<double>(payload, "position_weight_max");
  limits.gross_leverage_max = get_optional<double>(payload, "gross_leverage_max");
  limits.order_value_max = get_optional<double>(payload, "order_value_max");
  limits.orders_per_bar_max = get_optional<std::int64_t>(payload, "orders_per_bar_max");
  limits.short_selling = get_optional<bool>(payload, "short_selling");
  limits.restricted_symbols = get_optional<std::vector<std::string>>(payload, "restricted_symbols");
  return limits;
}

// ---- inputs, written
// ------------------------------------------------------------------------------------------

struct EventWriter {
  RowContent operator()(const Started& event) const {
    const CoreSettings& s = event.settings;
    return {"started",
            {{"stream", s.stream},
             {"symbols", s.symbols},
             {"initial_cash", s.initial_cash},
             {"rebalance_band", s.rebalance_band},
             {"deadline_ns", s.deadline_ns},
             {"trade_from_ms", s.trade_from_ms},
             {"guardian", guardian_json(s.guardian)},
             {"governor", governor_json(s.governor)},
             {"fee_fraction", event.fee_fraction},
             {"slippage_fraction", event.slippage_fraction},
             {"asks_again", event.asks_again},
             {"ledger_failed", event.ledger_failed},
             {"version", event.version}}};
  }
  RowContent operator()(const Bar& bar) const {
    json payload{{"sequence", bar.sequence}, {"timestamp_ms", bar.timestamp_ms}};
    for (std::size_t c = 0; c < market::column_count; ++c) {
      if (!bar.columns[c].empty()) payload[market::column_names[c]] = bar.columns[c];
    }
    return {"bar", std::move(payload)};
  }
  RowContent operator()(const DecisionArrived& d) const {
    return {"decision",
            {{"sequence", d.sequence},
             {"status", to_text(d.status)},
             {"reason", d.reason},
             {"timestamp_ms", d.timestamp_ms},
             {"expires_ms", d.expires_ms},
             {"weights", d.weights},
             {"convictions", d.convictions},
             {"macro_posterior", d.macro_posterior},
             {"micro_posterior", d.micro_posterior},
             {"macro_labels", d.macro_labels},
             {"regime", d.regime},
             {"confidence", d.confidence},
             {"predicted_volatility", d.predicted_volatility},
             {"fingerprint", d.fingerprint},
             {"bundle_end_ms", d.bundle_end_ms},
             {"compute_us", d.compute_us},
             {"latency_ns", d.latency_ns}}};
  }
  RowContent operator()(const HeartbeatSeen&) const { return {"heartbeat_seen", json::object()}; }
  RowContent operator()(const HeartbeatLost&) const { return {"heartbeat_lost", json::object()}; }
  RowContent operator()(const FeedLost&) const { return {"feed_lost", json::object()}; }
  RowContent operator()(const OrderUpdate& update) const {
    json payload{{"client_order_id", update.client_order_id}, {"timestamp_ms", update.timestamp_ms}};
    if (update.kind == UpdateKind::filled) {
      payload["fill"] = update.fill;
      payload["quantity"] = update.quantity;
      payload["price"] = update.price;
      payload["fee"] = update.fee;
    } else {
      payload["reason"] = update.reason;
    }
    return {std::string("order_") + to_text(update.kind), std::move(payload)};
  }
  RowContent operator()(const LedgerFailed& event) const {
    return {"ledger_failed", {{"reason", event.reason}}};
  }
  RowContent operator()(const Command& command) const {
    return {"command", {{"command", to_text(command.kind)}, {"source", command.source}}};
  }
  RowContent operator()(const Timer&) const { return {"timer", json::object()}; }
  RowContent operator()(const Stopped&) const { return {"stopped", json::object()}; }
};

// ---- inputs, read
// ---------------------------------------------------------------------------------------------

Started started_from(const json& payload) {
  Started event;
  CoreSettings& s = event.settings;
  s.stream = get<std::string>(payload, "stream");
  s.symbols = get<std::vector<std::string>>(payload, "symbols");
  s.initial_cash = get_real(payload, "initial_cash");
  s.rebalance_band = get_real(payload, "rebalance_band");
  s.deadline_ns = get<std::int64_t>(payload, "deadline_ns");
  s.trade_from_ms = get<TimestampMs>(payload, "trade_from_ms");
  s.guardian = guardian_from(field(payload, "guardian"));
  s.governor = governor_from(field(payload, "governor"));
  event.fee_fraction = get_real(payload, "fee_fraction");
  event.slippage_fraction = get_real(payload, "slippage_fraction");
  event.asks_again = get<bool>(payload, "asks_again");
  event.ledger_failed = get<bool>(payload, "ledger_failed");
  event.version = get<std::string>(payload, "version");
  return event;
}

Bar bar_from(const json& payload) {
  Bar bar;
  bar.sequence = get<std::uint64_t>(payload, "sequence");
  bar.timestamp_ms = get<TimestampMs>(payload, "timestamp_ms");
  for (std::size_t c = 0; c < market::column_count; ++c) {
    if (payload.contains(market::column_names[c]))
      bar.columns[c] = get_reals(payload, market::column_names[c]);
  }
  return bar;
}

DecisionArrived decision_from(const json& payload) {
  using Status = DecisionArrived::Status;
  DecisionArrived d;
  d.sequence = get<std::uint64_t>(payload, "sequence");
  d.status = get_enum(payload, "status", std::array{Status::decided, Status::warming, Status::refused});
  d.reason = get<std::string>(payload, "reason");
  d.timestamp_ms = get<TimestampMs>(payload, "timestamp_ms");
  d.expires_ms = get<TimestampMs>(payload, "expires_ms");
  d.weights = get_reals(payload, "weights");
  d.convictions = get_reals(payload, "convictions");
  d.macro_posterior = get_reals(payload, "macro_posterior");
  d.micro_posterior = get_reals(payload, "micro_posterior");
  d.macro_labels = get<std::vector<std::string>>(payload, "macro_labels");
  d.regime = get<std::string>(payload, "regime");
  d.confidence = get_real(payload, "confidence");
  d.predicted_volatility = get_real(payload, "predicted_volatility");
  d.fingerprint = get<std::string>(payload, "fingerprint");
  d.bundle_end_ms = get<TimestampMs>(payload, "bundle_end_ms");
  d.compute_us = get<std::uint64_t>(payload, "compute_us");
  d.latency_ns = get<std::int64_t>(payload, "latency_ns");
  return d;
}

OrderUpdate update_from(UpdateKind kind, const json& payload) {
  OrderUpdate update;
  update.kind = kind;
  update.client_order_id = get<std::string>(payload, "client_order_id");
  update.timestamp_ms = get<TimestampMs>(payload, "timestamp_ms");
  if (kind == UpdateKind::filled) {
    update.fill = get<std::uint64_t>(payload, "fill");
    update.quantity = get_real(payload, "quantity");
    update.price = get_real(payload, "price");
    update.fee = get_real(payload, "fee");
  } else {
    update.reason = get<std::string>(payload, "reason");
  }
  return update;
}

Command command_from(const json& payload) {
  using Kind = Command::Kind;
  return {get_enum(payload, "command", std::array{Kind::kill, Kind::rearm, Kind::hold, Kind::shutdown}),
          get<std::string>(payload, "source")};
}

// ---- outputs, written
// -----------------------------------------------------------------------------------------

json order_json(const Order& order, const std::vector<std::string>& symbols) {
  return {{"client_order_id", order.client_order_id},
          {"sequence", order.sequence},
          {"symbol", symbols.at(order.symbol)},
          {"quantity", order.quantity},
          {"reference_price", order.reference_price},
          {"timestamp_ms", order.timestamp_ms},
          {"reducing", order.reducing}};
}

struct ActionWriter {
  const std::vector<std::string>& symbols;

  std::optional<RowContent> operator()(const RequestDecision&) const { return std::nullopt; }
  std::optional<RowContent> operator()(const SubmitOrder& action) const {
    return RowContent{"order", order_json(action.order, symbols)};
  }
  std::optional<RowContent> operator()(const CancelOrder& action) const {
    return RowContent{"cancel", {{"client_order_id", action.client_order_id}}};
  }
  std::optional<RowContent> operator()(const OrderDenied& action) const {
    const Denial& denial = action.denial;
    return RowContent{"denial",
                      {{"order", order_json(action.order, symbols)},
                       {"gate", to_text(denial.gate)},
                       {"reason", to_text(denial.reason)},
                       {"value", denial.value},
                       {"limit", denial.limit},
                       {"limit_name", denial.limit_name}}};
  }
  std::optional<RowContent> operator()(const StateChanged& action) const {
    return RowContent{"state",
                      {{"from", to_text(action.from)},
                       {"to", to_text(action.to)},
                       {"hold_causes", action.hold_causes.text()},
                       {"cause", action.cause}}};
  }
  std::optional<RowContent> operator()(const Valuation& v) const {
    return RowContent{"equity",
                      {{"sequence", v.sequence},
                       {"timestamp_ms", v.timestamp_ms},
                       {"state", to_text(v.state)},
                       {"cash", v.cash},
                       {"equity", v.equity},
                       {"peak", v.peak},
                       {"drawdown", v.drawdown},
                       {"gross", v.gross},
                       {"fees", v.fees},
                       {"realised", v.realised},
                       {"unrealised", v.unrealised},
                       {"quantities", v.quantities}}};
  }
};

template <std::size_t count>
bool is_one_of(std::string_view kind, const std::array<const char*, count>& kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

bool is_input_kind(std::string_view kind) {
  return is_one_of(kind, input_kinds);
}
bool is_output_kind(std::string_view kind) {
  return is_one_of(kind, output_kinds);
}

RowContent row_of(const Event& event, std::int64_t now_ns, const std::vector<std::string>&) {
  RowContent row = std::visit(EventWriter{}, event);
  row.payload["now_ns"] = now_ns;
  return row;
}

std::optional<RowContent> row_of(const Action& action, const std::vector<std::string>& symbols) {
  return std::visit(ActionWriter{symbols}, action);
}

Event event_from(const std::string& kind, const json& payload) {
  if (!payload.is_object()) throw InputError("the payload is not a JSON object");
  if (kind == "started") return started_from(payload);
  if (kind == "bar") return bar_from(payload);
  if (kind == "decision") return decision_from(payload);
  if (kind == "heartbeat_seen") return HeartbeatSeen{};
  if (kind == "heartbeat_lost") return HeartbeatLost{};
  if (kind == "feed_lost") return FeedLost{};
  if (kind == "order_accepted") return update_from(UpdateKind::accepted, payload);
  if (kind == "order_rejected") return update_from(UpdateKind::rejected, payload);
  if (kind == "order_filled") return update_from(UpdateKind::filled, payload);
  if (kind == "order_cancelled") return update_from(UpdateKind::cancelled, payload);
  if (kind == "ledger_failed") return LedgerFailed{get<std::string>(payload, "reason")};
  if (kind == "command") return command_from(payload);
  if (kind == "timer") return Timer{};
  if (kind == "stopped") return Stopped{};
  throw InputError("'" + kind + "' is not a kind of input event");
}

std::int64_t now_ns_from(const json& payload) {
  return get<std::int64_t>(payload, "now_ns");
}

Order order_from(const json& payload, const std::vector<std::string>& symbols) {
  Order order;
  order.client_order_id = get<std::string>(payload, "client_order_id");
  order.sequence = get<std::uint64_t>(payload, "sequence");
  const auto symbol = get<std::string>(payload, "symbol");
  const auto found = std::find(symbols.begin(), symbols.end(), symbol);
  if (found == symbols.end())
    throw InputError("field 'symbol' names '" + symbol + "', which the stream does not have");
  order.symbol = static_cast<std::size_t>(found - symbols.begin());
  order.quantity = get_real(payload, "quantity");
  order.reference_price = get_real(payload, "reference_price");
  order.timestamp_ms = get<TimestampMs>(payload, "timestamp_ms");
  order.reducing = get<bool>(payload, "reducing");
  return order;
}

}  // namespace regent::engine
