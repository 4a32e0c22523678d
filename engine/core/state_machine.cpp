#include "engine/core/state_machine.hpp"

namespace regent::engine {

const char* to_text(State state) {
  switch (state) {
    case State::active:
      return "ACTIVE";
    case State::hold:
      return "HOLD";
    case State::reducing:
      return "REDUCING";
    case State::halted:
      return "HALTED";
  }
  return "?";
}

std::string HoldCauses::text() const {
  std::string text;
  const auto add = [&](bool present, const char* name) {
    if (!present) return;
    if (!text.empty()) text += ",";
    text += name;
  };
  add(server_lost, "server_lost");
  add(data_stale, "data_stale");
  add(decision_late, "decision_late");
  add(decision_bad, "decision_bad");
  add(operator_hold, "operator_hold");
  return text;
}

State StateMachine::state() const {
  if (halted_) return State::halted;
  if (reducing_) return State::reducing;
  return causes_.any() ? State::hold : State::active;
}

void StateMachine::reduce(const std::string& cause) {
  if (reducing_ || halted_) return;
  reducing_ = true;
  latch_cause_ = cause;
}

void StateMachine::halt(const std::string& cause) {
  if (halted_) return;
  halted_ = true;
  latch_cause_ = cause;
}

void StateMachine::rearm() {
  reducing_ = halted_ = false;
  causes_.operator_hold = false;
  latch_cause_.clear();
}

}  // namespace regent::engine
