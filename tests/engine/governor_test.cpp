#include "engine/gates/governor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/engine/support/market.hpp"

namespace regent::engine {
namespace {

// equity 1000, price 10: one unit is 1 %
GateSnapshot book() {
  GateSnapshot s;
  s.state = State::active;
  s.server_alive = true;
  s.equity = 1'000;
  s.drawdown = 0;
  s.symbol = "AX";
  s.price = 10;
  return s;
}

Verdict judge(double quantity, const GateSnapshot& s, const GovernorLimits& l) {
  const Verdict verdict = governor_verdict(quantity, s, l);
  EXPECT_TRUE(verdict.allowed || verdict.denial.gate == Gate::governor);
  return verdict;
}

void expect_denied(double quantity, const GateSnapshot& s, const GovernorLimits& l, DenialReason reason,
                   double value, double limit) {
  const Verdict verdict = judge(quantity, s, l);
  ASSERT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.denial.reason, reason) << to_text(verdict.denial.reason);
  EXPECT_DOUBLE_EQ(verdict.denial.value, value);
  EXPECT_DOUBLE_EQ(verdict.denial.limit, limit);
}

TEST(Governor, RejectsWhenAnyOneLimitIsNotSet) {
  const std::vector<std::pair<std::string, std::function<void(GovernorLimits&)>>> unset{
      {"governor.position_weight_max", [](GovernorLimits& l) { l.position_weight_max.reset(); }},
      {"governor.gross_leverage_max", [](GovernorLimits& l) { l.gross_leverage_max.reset(); }},
      {"governor.order_value_max", [](GovernorLimits& l) { l.order_value_max.reset(); }},
      {"governor.orders_per_bar_max", [](GovernorLimits& l) { l.orders_per_bar_max.reset(); }},
      {"governor.short_selling", [](GovernorLimits& l) { l.short_selling.reset(); }},
      {"governor.restricted_symbols", [](GovernorLimits& l) { l.restricted_symbols.reset(); }}};
  EXPECT_TRUE(judge(1, book(), test::wide_limits()).allowed);
  for (const auto& [name, forget] : unset) {
    GovernorLimits l = test::wide_limits();
    forget(l);
    const Verdict verdict = judge(1, book(), l);
    ASSERT_FALSE(verdict.allowed) << name;
    EXPECT_EQ(verdict.denial.reason, DenialReason::limit_not_set);
    EXPECT_EQ(verdict.denial.limit_name, name);
    GateSnapshot held = book();
    held.position = 5;
    EXPECT_TRUE(judge(-5, held, l).allowed) << "the way out stays open: " << name;
  }
}

TEST(Governor, HoldsPositionsToTheirWeight) {
  GovernorLimits l = test::wide_limits();
  l.position_weight_max = 0.10;
  EXPECT_TRUE(judge(10, book(), l).allowed);
  EXPECT_TRUE(judge(10 * (1 + 1e-10), book(), l).allowed) << "rounding is no breach";
  expect_denied(10.01, book(), l, DenialReason::position_weight, 0.1001, 0.10);
  expect_denied(-10.01, book(), l, DenialReason::position_weight, 0.1001, 0.10);
  GateSnapshot s = book();
  s.position = 9;
  EXPECT_TRUE(judge(1, s, l).allowed);
  expect_denied(2, s, l, DenialReason::position_weight, 0.11, 0.10);
  s.position = 30;  // above the limit already
  EXPECT_TRUE(judge(-1, s, l).allowed) << "nearer to the limit";
  EXPECT_TRUE(judge(-39, s, l).allowed) << "what comes to be is within the limit";
  expect_denied(-41, s, l, DenialReason::position_weight, 0.11, 0.10);
}

TEST(Governor, ReservesTheExposureOfOpenOrders) {
  GovernorLimits l = test::wide_limits();
  l.position_weight_max = 0.10;
  GateSnapshot s = book();
  s.open_quantity = 6;
  EXPECT_TRUE(judge(4, s, l).allowed);
  expect_denied(5, s, l, DenialReason::position_weight, 0.11, 0.10);
  l = test::wide_limits();
  l.gross_leverage_max = 0.5;
  s = book();
  s.gross_of_others = 450;
  EXPECT_TRUE(judge(5, s, l).allowed);
  expect_denied(6, s, l, DenialReason::gross_leverage, 0.51, 0.5);
  s.open_quantity = -5;
  EXPECT_TRUE(judge(5, s, l).allowed) << "only one of the two may fill, or both: never more than 5";
  s.open_quantity = 1;
  expect_denied(5, s, l, DenialReason::gross_leverage, 0.51, 0.5);
}

TEST(Governor, HoldsOrdersToTheirValue) {
  GovernorLimits l = test::wide_limits();
  l.order_value_max = 0.05;
  EXPECT_TRUE(judge(5, book(), l).allowed);
  expect_denied(5.01, book(), l, DenialReason::order_value, 0.0501, 0.05);
  GateSnapshot s = book();
  s.position = -50;
  EXPECT_TRUE(judge(50, s, l).allowed) << "a large close is a way out";
}

TEST(Governor, HoldsOrdersToTheirRate) {
  GovernorLimits l = test::wide_limits();
  l.orders_per_bar_max = 3;
  GateSnapshot s = book();
  s.orders_this_bar = 2;
  EXPECT_TRUE(judge(1, s, l).allowed);
  s.orders_this_bar = 3;
  expect_denied(1, s, l, DenialReason::order_rate, 4, 3);
  s.position = 5;
  EXPECT_TRUE(judge(-1, s, l).allowed);
  l.orders_per_bar_max = 0;
  s = book();
  expect_denied(1, s, l, DenialReason::order_rate, 1, 0);
}

TEST(Governor, KeepsRestrictedSymbolsFromNewRisk) {
  GovernorLimits l = test::wide_limits();
  l.restricted_symbols = std::vector<std::string>{"AX"};
  expect_denied(1, book(), l, DenialReason::symbol_restricted, 0, 0);
  GateSnapshot s = book();
  s.symbol = "BX";
  EXPECT_TRUE(judge(1, s, l).allowed);
  s.symbol = "AX";
  s.position = 3;
  EXPECT_TRUE(judge(-3, s, l).allowed);
}

TEST(Governor, KeepsPositionsFromGoingShortWhereThatIsNotAllowed) {
  GovernorLimits l = test::wide_limits();
  l.short_selling = false;
  expect_denied(-1, book(), l, DenialReason::short_not_allowed, -1, 0);
  GateSnapshot s = book();
  s.position = 5;
  EXPECT_TRUE(judge(-5, s, l).allowed);
  expect_denied(-6, s, l, DenialReason::short_not_allowed, -1, 0);
  s.open_quantity = -3;
  expect_denied(-3, s, l, DenialReason::short_not_allowed, -1, 0);
  s = book();
  s.position = -5;  // short already: buying back is fine, selling more is not
  EXPECT_TRUE(judge(2, s, l).allowed);
  EXPECT_TRUE(judge(6, s, l).allowed);
  expect_denied(-1, s, l, DenialReason::short_not_allowed, -6, 0);
}

TEST(Governor, NeverLetsANumberThatIsNoneDecide) {
  GateSnapshot s = book();
  for (const double equity : {0.0, -5.0, std::nan("")}) {
    s.equity = equity;
    const Verdict verdict = judge(1, s, test::wide_limits());
    ASSERT_FALSE(verdict.allowed);
    EXPECT_EQ(verdict.denial.reason, DenialReason::order_invalid);
  }
  GovernorLimits l = test::wide_limits();
  l.order_value_max = std::nan("");
  EXPECT_FALSE(judge(1, book(), l).allowed);
  l = test::wide_limits();
  l.gross_leverage_max = std::nan("");
  EXPECT_FALSE(judge(1, book(), l).allowed);
  s = book();
  s.gross_of_others = std::nan("");
  EXPECT_FALSE(judge(1, s, test::wide_limits()).allowed);
}

}  // namespace
}  // namespace regent::engine
