#pragma once
// What a gate says about an order: yes, or a denial that carries its numbers. A verdict that nobody filled is
// a No.

#include <cstdint>
#include <string>

namespace regent::engine {

enum class Gate : std::uint8_t { guardian, governor };
const char* to_text(Gate gate);

enum class DenialReason : std::uint8_t {
  no_verdict,
  order_invalid,  // quantity, price or equity is not a usable number
  halted,
  reducing,  // REDUCING lets only reducing orders pass
  hold,      // HOLD lets only reducing orders pass
  server_lost,
  data_stale,          // value: age of the price in ms
  drawdown,            // value: drawdown
  bundle_too_old,      // value: age in ms
  bundle_from_future,  // value: ms by which the bundle has seen more than the stream
  decision_expired,    // value: ms since expiry
  limit_not_set,       // limit_name says which
  position_weight,     // value: |position| / equity if the order fills
  gross_leverage,      // value: gross exposure / equity if the order and all open ones fill the wrong way
  order_value,         // value: |order| / equity
  order_rate,          // value: orders of this bar with this one
  symbol_restricted,
  short_not_allowed,  // value: position if the order fills
};
const char* to_text(DenialReason reason);

struct Denial {
  Gate gate = Gate::guardian;
  DenialReason reason = DenialReason::no_verdict;
  double value = 0;
  double limit = 0;
  std::string limit_name;  // the setting, "governor.position_weight_max"; empty when there is none
};

struct Verdict {
  bool allowed = false;
  Denial denial;  // meaningful when not allowed
  static Verdict allow() { return {true, {}}; }
  static Verdict deny(Gate gate, DenialReason reason, double value = 0, double limit = 0,
                      std::string limit_name = "") {
    return {false, {gate, reason, value, limit, std::move(limit_name)}};
  }
};

}  // namespace regent::engine
