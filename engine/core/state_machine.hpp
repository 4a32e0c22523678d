#pragma once
// ACTIVE, HOLD, REDUCING, HALTED: one state machine for everything that limits trading.
//
//   ACTIVE    every order may pass the gates
//   HOLD      no new risk; clears itself when all its causes are gone
//   REDUCING  no new risk; latched until re-armed
//   HALTED    nothing but the halt action (flatten, when chosen); latched until re-armed
//
// The strongest wins: HALTED over REDUCING over HOLD over ACTIVE.

#include <cstdint>
#include <string>

namespace regent::engine {

enum class State : std::uint8_t { active, hold, reducing, halted };
const char* to_text(State state);

struct HoldCauses {
  bool server_lost = false;
  bool data_stale = false;
  bool decision_late = false;
  bool decision_bad = false;   // refused by the server, or of a wrong shape
  bool operator_hold = false;  // a person's wish: cleared by re-arming
  bool any() const { return server_lost || data_stale || decision_late || decision_bad || operator_hold; }
  bool operator==(const HoldCauses&) const = default;
  std::string text() const;  // names joined by commas
};

class StateMachine {
 public:
  State state() const;
  const HoldCauses& hold_causes() const { return causes_; }
  HoldCauses& hold_causes() { return causes_; }
  const std::string& latch_cause() const { return latch_cause_; }

  void reduce(const std::string& cause);  // no effect when REDUCING or HALTED already
  void halt(const std::string& cause);    // no effect when HALTED already
  void rearm();                           // clears both latches and the operator's hold, nothing else

 private:
  bool reducing_ = false, halted_ = false;
  HoldCauses causes_;
  std::string latch_cause_;
};

}  // namespace regent::engine
