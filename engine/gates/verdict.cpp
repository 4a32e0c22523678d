#include "engine/gates/verdict.hpp"

namespace regent::engine {

const char* to_text(Gate gate) {
  return gate == Gate::guardian ? "guardian" : "governor";
}

const char* to_text(DenialReason reason) {
  switch (reason) {
    case DenialReason::no_verdict:
      return "no_verdict";
    case DenialReason::order_invalid:
      return "order_invalid";
    case DenialReason::halted:
      return "halted";
    case DenialReason::reducing:
      return "reducing";
    case DenialReason::hold:
      return "hold";
    case DenialReason::server_lost:
      return "server_lost";
    case DenialReason::data_stale:
      return "data_stale";
    case DenialReason::drawdown:
      return "drawdown";
    case DenialReason::bundle_too_old:
      return "bundle_too_old";
    case DenialReason::bundle_from_future:
      return "bundle_from_future";
    case DenialReason::decision_expired:
      return "decision_expired";
    case DenialReason::limit_not_set:
      return "limit_not_set";
    case DenialReason::position_weight:
      return "position_weight";
    case DenialReason::gross_leverage:
      return "gross_leverage";
    case DenialReason::order_value:
      return "order_value";
    case DenialReason::order_rate:
      return "order_rate";
    case DenialReason::symbol_restricted:
      return "symbol_restricted";
    case DenialReason::short_not_allowed:
      return "short_not_allowed";
  }
  return "?";
}

}  // namespace regent::engine
