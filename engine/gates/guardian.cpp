#include "engine/gates/guardian.hpp"

#include <cmath>

namespace regent::engine {

const char* to_text(HaltAction action) {
  return action == HaltAction::flatten ? "flatten" : "hold_positions";
}

namespace {

Verdict denied_by_guardian(DenialReason reason, double value = 0, double limit = 0, const char* name = "") {
  return Verdict::deny(Gate::guardian, reason, value, limit, name);
}

Verdict state_verdict(const GateSnapshot& snapshot) {
  switch (snapshot.state) {
    case State::active:
      return Verdict::allow();
    case State::hold:
      return denied_by_guardian(DenialReason::hold);
    case State::reducing:
      return denied_by_guardian(DenialReason::reducing);
    case State::halted:
      return denied_by_guardian(DenialReason::halted);
  }
  return {};
}

Verdict bundle_verdict(const GateSnapshot& snapshot, const GuardianLimits& limits) {
  const TimestampMs age = snapshot.stream_ms - snapshot.bundle_end_ms;
  if (age < 0 && !limits.allow_bundle_from_future) {
    return denied_by_guardian(DenialReason::bundle_from_future, static_cast<double>(-age), 0,
                              "guardian.allow_bundle_from_future");
  }
  if (age > limits.bundle_age_max_ms) {
    return denied_by_guardian(DenialReason::bundle_too_old, static_cast<double>(age),
                              static_cast<double>(limits.bundle_age_max_ms), "guardian.bundle_age_max_days");
  }
  return Verdict::allow();
}

}  // namespace

Verdict guardian_verdict(double quantity, const GateSnapshot& snapshot, const GuardianLimits& limits) {
  if (!is_well_formed(quantity, snapshot)) return denied_by_guardian(DenialReason::order_invalid, quantity);
  const bool reducing = is_reducing(quantity, snapshot.position, snapshot.open_quantity);
  if (snapshot.state == State::halted) {
    return reducing && snapshot.halt_action ? Verdict::allow() : denied_by_guardian(DenialReason::halted);
  }
  if (reducing) return Verdict::allow();

  // the precise causes come before the state that they lead to, so that the report names them
  if (!snapshot.server_alive) return denied_by_guardian(DenialReason::server_lost);
  // written so that a NaN drawdown is a No
  if (!(snapshot.drawdown < limits.reduce_drawdown)) {
    return denied_by_guardian(DenialReason::drawdown, snapshot.drawdown, limits.reduce_drawdown,
                              "guardian.reduce_drawdown");
  }
  if (Verdict verdict = state_verdict(snapshot); !verdict.allowed) return verdict;
  const TimestampMs age = snapshot.stream_ms - snapshot.price_ms;
  if (age < 0 || age > limits.data_age_max_ms) {
    return denied_by_guardian(DenialReason::data_stale, static_cast<double>(age),
                              static_cast<double>(limits.data_age_max_ms), "guardian.data_age_max_ms");
  }
  if (snapshot.stream_ms > snapshot.decision_expires_ms) {
    return denied_by_guardian(DenialReason::decision_expired,
                              static_cast<double>(snapshot.stream_ms - snapshot.decision_expires_ms));
  }
  return bundle_verdict(snapshot, limits);
}

}  // namespace regent::engine
