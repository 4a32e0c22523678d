#include "engine/gates/guardian.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace regent::engine {
namespace {

GateSnapshot healthy() {
  GateSnapshot s;
  s.state = State::active;
  s.server_alive = true;
  s.stream_ms = 1'000'000;
  s.equity = 1'000;
  s.drawdown = 0;
  s.decision_expires_ms = 1'000'000;
  s.bundle_end_ms = 900'000;
  s.symbol = "AX";
  s.price = 10;
  s.price_ms = 1'000'000;
  return s;
}

GuardianLimits limits() {
  GuardianLimits limits;
  limits.bundle_age_max_ms = 100'000;
  return limits;
}

DenialReason reason(double quantity, const GateSnapshot& s, const GuardianLimits& l = limits()) {
  const Verdict verdict = guardian_verdict(quantity, s, l);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.denial.gate, Gate::guardian);
  return verdict.denial.reason;
}

bool allowed(double quantity, const GateSnapshot& s, const GuardianLimits& l = limits()) {
  return guardian_verdict(quantity, s, l).allowed;
}

TEST(Guardian, LetsAnOrderPassWhenEverythingIsWell) {
  EXPECT_TRUE(allowed(5, healthy()));
}

TEST(Guardian, TreatsAMissingVerdictAsANo) {
  EXPECT_FALSE(Verdict{}.allowed);
  EXPECT_EQ(Verdict{}.denial.reason, DenialReason::no_verdict);
  EXPECT_EQ(reason(5, GateSnapshot{}), DenialReason::order_invalid);  // a snapshot that nobody filled
}

TEST(Guardian, DeniesOrdersThatAreNoNumbers) {
  for (const double quantity : {0.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(reason(quantity, healthy()), DenialReason::order_invalid) << quantity;
  }
  GateSnapshot s = healthy();
  for (const double price : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    s.price = price;
    EXPECT_EQ(reason(5, s), DenialReason::order_invalid) << price;
  }
  s = healthy();
  s.position = std::nan("");
  EXPECT_EQ(reason(5, s), DenialReason::order_invalid);
}

TEST(Guardian, DeniesNewRiskWithoutAServer) {
  GateSnapshot s = healthy();
  s.server_alive = false;
  EXPECT_EQ(reason(5, s), DenialReason::server_lost);
  s.position = -5;
  EXPECT_TRUE(allowed(5, s)) << "a reducing order has a way out";
}

TEST(Guardian, DeniesNewRiskFromTheReducingDrawdownOn) {
  GateSnapshot s = healthy();
  s.drawdown = std::nextafter(0.05, 0);
  EXPECT_TRUE(allowed(5, s));
  s.drawdown = 0.05;
  const Verdict verdict = guardian_verdict(5, s, limits());
  EXPECT_EQ(verdict.denial.reason, DenialReason::drawdown);
  EXPECT_EQ(verdict.denial.value, 0.05);
  EXPECT_EQ(verdict.denial.limit, 0.05);
  EXPECT_EQ(verdict.denial.limit_name, "guardian.reduce_drawdown");
  s.drawdown = std::nan("");
  EXPECT_EQ(reason(5, s), DenialReason::drawdown);
}

TEST(Guardian, LetsOnlyReducingOrdersPassInHoldAndReducing) {
  for (const auto& [state, expected] :
       {std::pair{State::hold, DenialReason::hold}, std::pair{State::reducing, DenialReason::reducing}}) {
    GateSnapshot s = healthy();
    s.state = state;
    s.position = 5;
    EXPECT_EQ(reason(1, s), expected);
    EXPECT_EQ(reason(-6, s), expected) << "across zero is new risk";
    EXPECT_TRUE(allowed(-5, s));
    EXPECT_TRUE(allowed(-1, s));
  }
}

TEST(Guardian, LetsOnlyTheHaltActionPassWhenHalted) {
  GateSnapshot s = healthy();
  s.state = State::halted;
  s.position = 5;
  EXPECT_EQ(reason(1, s), DenialReason::halted);
  EXPECT_EQ(reason(-5, s), DenialReason::halted);
  s.halt_action = true;
  EXPECT_TRUE(allowed(-5, s));
  EXPECT_EQ(reason(-6, s), DenialReason::halted) << "flattening never opens the other side";
  EXPECT_EQ(reason(1, s), DenialReason::halted);
}

TEST(Guardian, DeniesNewRiskOnAStalePrice) {
  GateSnapshot s = healthy();
  GuardianLimits l = limits();
  l.data_age_max_ms = 10;
  s.price_ms = s.stream_ms - 10;
  EXPECT_TRUE(allowed(5, s, l));
  s.price_ms = s.stream_ms - 11;
  EXPECT_EQ(reason(5, s, l), DenialReason::data_stale);
  s.price_ms = s.stream_ms + 1;
  EXPECT_EQ(reason(5, s, l), DenialReason::data_stale) << "a price from the future is no price";
  s.position = -9;
  EXPECT_TRUE(allowed(5, s, l));
}

TEST(Guardian, DeniesADecisionAfterItsExpiry) {
  GateSnapshot s = healthy();
  s.decision_expires_ms = s.stream_ms;
  EXPECT_TRUE(allowed(5, s));
  s.decision_expires_ms = s.stream_ms - 1;
  EXPECT_EQ(reason(5, s), DenialReason::decision_expired);
}

TEST(Guardian, DeniesABundleThatIsTooOldOrHasSeenTheFuture) {
  GateSnapshot s = healthy();
  s.bundle_end_ms = s.stream_ms - 100'000;
  EXPECT_TRUE(allowed(5, s));
  s.bundle_end_ms = s.stream_ms - 100'001;
  EXPECT_EQ(reason(5, s), DenialReason::bundle_too_old);
  s.bundle_end_ms = s.stream_ms;
  EXPECT_TRUE(allowed(5, s));
  s.bundle_end_ms = s.stream_ms + 1;
  EXPECT_EQ(reason(5, s), DenialReason::bundle_from_future);
  GuardianLimits l = limits();
  l.allow_bundle_from_future = true;
  EXPECT_TRUE(allowed(5, s, l));
}

TEST(Guardian, CountsWhatOpenOrdersMayStillReduce) {
  EXPECT_TRUE(is_reducing(-5, 5, 0));
  EXPECT_FALSE(is_reducing(-5, 5, -1)) << "together they may cross zero";
  EXPECT_TRUE(is_reducing(-4, 5, -1));
  EXPECT_TRUE(is_reducing(-5, 5, 3)) << "an open order on the other side may never fill";
  EXPECT_FALSE(is_reducing(5, 0, 0));
  EXPECT_FALSE(is_reducing(5, 5, 0));
  EXPECT_TRUE(is_reducing(2, -5, 0));
}

}  // namespace
}  // namespace regent::engine
