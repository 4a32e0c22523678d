#pragma once
// What the core wants done: the outputs of Core::step. All but RequestDecision are rows of the ledger, and
// none is carried out before its row is durable.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/order.hpp"
#include "engine/core/state_machine.hpp"
#include "engine/gates/verdict.hpp"

namespace regent::engine {

struct RequestDecision {
  std::uint64_t sequence = 0;
  std::int64_t deadline_ns = 0;  // monotonic
};

struct SubmitOrder {
  Order order;
};

struct CancelOrder {
  std::string client_order_id;
};

struct OrderDenied {
  Order order;
  Denial denial;
};

struct StateChanged {
  State from = State::hold, to = State::hold;
  HoldCauses hold_causes;
  std::string
      cause;  // of the last latch: "drawdown", "kill", "ledger_failed", an invariant's name; else empty
};

// The account after a bar.
struct Valuation {
  std::uint64_t sequence = 0;
  TimestampMs timestamp_ms = 0;
  State state = State::hold;
  double cash = 0, equity = 0, peak = 0, drawdown = 0;
  double gross = 0;  // sum of |quantity x price| / equity
  double fees = 0, realised = 0, unrealised = 0;
  std::vector<double> quantities;  // [symbols]
};

using Action = std::variant<RequestDecision, SubmitOrder, CancelOrder, OrderDenied, StateChanged, Valuation>;

}  // namespace regent::engine
