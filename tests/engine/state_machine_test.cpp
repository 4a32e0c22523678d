#include "engine/core/state_machine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace regent::engine {
namespace {

// Every combination of latches and causes, each with every input.
struct Setting {
  bool reducing, halted;
  unsigned causes;  // bits
};

using Cause = bool HoldCauses::*;
const std::vector<Cause> causes{&HoldCauses::server_lost, &HoldCauses::data_stale, &HoldCauses::decision_late,
                                &HoldCauses::decision_bad, &HoldCauses::operator_hold};

StateMachine machine(const Setting& setting) {
  StateMachine m;
  if (setting.reducing) m.reduce("drawdown");
  if (setting.halted) m.halt("kill");
  for (std::size_t i = 0; i < causes.size(); ++i) m.hold_causes().*causes[i] = (setting.causes >> i) & 1U;
  return m;
}

// The rule itself, written down once more.
State expected(const Setting& s) {
  if (s.halted) return State::halted;
  if (s.reducing) return State::reducing;
  return s.causes != 0 ? State::hold : State::active;
}

void for_every_setting(const std::function<void(const Setting&)>& check) {
  for (const bool reducing : {false, true}) {
    for (const bool halted : {false, true}) {
      for (unsigned bits = 0; bits < 32; ++bits) check({reducing, halted, bits});
    }
  }
}

TEST(StateMachine, ShowsTheStrongestOfItsReasons) {
  for_every_setting([](const Setting& s) { EXPECT_EQ(machine(s).state(), expected(s)); });
}

TEST(StateMachine, HoldEndsExactlyWhenTheLastCauseDoes) {
  for_every_setting([](const Setting& s) {
    for (std::size_t i = 0; i < causes.size(); ++i) {
      StateMachine m = machine(s);
      m.hold_causes().*causes[i] = false;
      EXPECT_EQ(m.state(), expected({s.reducing, s.halted, s.causes & ~(1U << i)}));
    }
  });
}

TEST(StateMachine, LatchesOnlyGetStrongerUntilRearmed) {
  for_every_setting([](const Setting& s) {
    StateMachine m = machine(s);
    m.reduce("again");
    EXPECT_EQ(m.state(), expected({true, s.halted, s.causes}));
    m = machine(s);
    m.halt("again");
    EXPECT_EQ(m.state(), State::halted);
    m.reduce("later");
    EXPECT_EQ(m.state(), State::halted);
  });
}

TEST(StateMachine, RearmingClearsTheLatchesAndTheOperatorsHoldAndNothingElse) {
  for_every_setting([](const Setting& s) {
    StateMachine m = machine(s);
    m.rearm();
    EXPECT_EQ(m.state(), expected({false, false, s.causes & 15U}));
    EXPECT_TRUE(m.latch_cause().empty());
  });
}

TEST(StateMachine, NamesTheCauseOfTheLatch) {
  StateMachine m;
  m.reduce("drawdown");
  EXPECT_EQ(m.latch_cause(), "drawdown");
  m.reduce("other");
  EXPECT_EQ(m.latch_cause(), "drawdown");
  m.halt("kill");
  EXPECT_EQ(m.latch_cause(), "kill");
  m.halt("drawdown");
  EXPECT_EQ(m.latch_cause(), "kill");
  HoldCauses c;
  c.server_lost = c.decision_late = true;
  EXPECT_EQ(c.text(), "server_lost,decision_late");
}

}  // namespace
}  // namespace regent::engine
