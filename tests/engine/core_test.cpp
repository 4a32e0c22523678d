#include "engine/core/core.hpp"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "tests/engine/support/market.hpp"

namespace regent::engine {
namespace {

using test::closes_bar;
using test::core_settings;
using test::decision;
using test::missing;
using test::only;

constexpr std::int64_t second = 1'000'000'000;

// A core that has started, sees its server, and has taken bars up to `bars` of closes 100.
struct Bench {
  explicit Bench(CoreSettings settings = core_settings(2)) {
    core.step(test::started(settings), 0);
    core.step(HeartbeatSeen{}, 0);
  }
  std::vector<Action> bar(std::vector<double> closes, std::int64_t now = 0) {
    last = closes_bar(core.bars() + 1, std::move(closes));
    return core.step(last, now);
  }
  std::vector<Action> decide(std::vector<double> weights, std::int64_t now = 0) {
    return core.step(decision(last, std::move(weights)), now);
  }
  OrderUpdate update(UpdateKind kind, const Order& order) const {
    OrderUpdate u;
    u.kind = kind;
    u.client_order_id = order.client_order_id;
    u.timestamp_ms = core.stream_ms();
    return u;
  }
  std::vector<Action> fill(const Order& order, double price, std::uint64_t number = 1, double part = 1) {
    OrderUpdate u = update(UpdateKind::filled, order);
    u.fill = number;
    u.quantity = order.quantity * part;
    u.price = price;
    return core.step(u, 0);
  }
  // Buys 1 % of equity per unit of weight and fills at 100.
  void hold(std::vector<double> weights) {
    bar({100, 100});
    for (const SubmitOrder& s : only<SubmitOrder>(decide(std::move(weights)))) fill(s.order, 100);
  }
  Core core;
  Bar last;
};

TEST(Core, BeginsInHoldUntilTheServerIsSeen) {
  Core core;
  const auto actions = core.step(test::started(core_settings(1)), 0);
  ASSERT_EQ(only<StateChanged>(actions).size(), 1U);
  EXPECT_EQ(core.state(), State::hold);
  EXPECT_TRUE(core.hold_causes().server_lost);
  core.step(HeartbeatSeen{}, 1);
  EXPECT_EQ(core.state(), State::active);
}

TEST(Core, AsksForADecisionWithADeadlineOnlyFromTheTradingDateOn) {
  CoreSettings settings = core_settings(2);
  settings.trade_from_ms = test::first_day_ms + test::day_ms;
  settings.deadline_ns = 3 * second;
  Bench b(settings);
  EXPECT_TRUE(b.bar({100, 100}).empty());
  const auto requests = only<RequestDecision>(b.bar({100, 100}, second));
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].sequence, 2U);
  EXPECT_EQ(requests[0].deadline_ns, 4 * second);
}

TEST(Core, TurnsADecisionIntoOrdersNamedAfterStreamBarAndSymbol) {
  Bench b;
  b.bar({100, 50});
  const auto orders = only<SubmitOrder>(b.decide({0.1, -0.2}));
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].order.client_order_id, "test-1-AX");
  EXPECT_DOUBLE_EQ(orders[0].order.quantity, 100);
  EXPECT_EQ(orders[1].order.client_order_id, "test-1-BX");
  EXPECT_DOUBLE_EQ(orders[1].order.quantity, -400);
  EXPECT_EQ(b.core.open_orders().size(), 2U);
}

TEST(Core, ReplacesAnOpenOrderInsteadOfAddingASecondOne) {
  Bench b;
  b.bar({100, 100});
  const auto first = only<SubmitOrder>(b.decide({0.1, 0}));
  b.bar({100, 100});
  auto actions = b.decide({0.2, 0.1});
  ASSERT_EQ(only<CancelOrder>(actions).size(), 1U);
  ASSERT_EQ(only<SubmitOrder>(actions).size(), 1U);
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.client_order_id, "test-2-BX");
  b.core.step(b.update(UpdateKind::cancelled, first[0].order), 0);
  b.bar({100, 100});
  actions = b.decide({0.2, 0.1});
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.client_order_id, "test-3-AX");
}

TEST(Core, HoldsWhenADecisionIsLateAndGoesOnWithTheNextGoodOne) {
  CoreSettings settings = core_settings(2);
  settings.deadline_ns = second;
  Bench b(settings);
  b.bar({100, 100}, 0);
  b.core.step(Timer{}, second - 1);
  EXPECT_EQ(b.core.state(), State::active);
  b.core.step(Timer{}, second);
  EXPECT_EQ(b.core.state(), State::hold);
  EXPECT_TRUE(b.decide({0.1, 0.1}, second + 1).empty()) << "what comes too late is not used";
  b.bar({100, 100}, 2 * second);
  EXPECT_EQ(b.core.state(), State::hold);
  const auto actions = b.decide({0.1, 0.1}, 2 * second + 1);
  EXPECT_EQ(b.core.state(), State::active);
  EXPECT_EQ(only<SubmitOrder>(actions).size(), 2U);
}

TEST(Core, RefusesADecisionAfterItsDeadlineEvenWhenNoTimerCameFirst) {
  CoreSettings settings = core_settings(2);
  settings.deadline_ns = second;
  Bench b(settings);
  b.bar({100, 100}, 0);
  EXPECT_TRUE(only<SubmitOrder>(b.decide({0.1, 0.1}, second + 1)).empty());
  EXPECT_TRUE(b.core.hold_causes().decision_late);
  Bench c(settings);
  c.bar({100, 100}, 0);
  EXPECT_EQ(only<SubmitOrder>(c.decide({0.1, 0.1}, second)).size(), 2U) << "the deadline itself is in time";
}

TEST(Core, CountsAnUnansweredRequestAsLateWhenTheNextBarComes) {
  Bench b;
  b.bar({100, 100});
  b.bar({100, 100});
  EXPECT_TRUE(b.core.hold_causes().decision_late);
}

TEST(Core, IgnoresADecisionNobodyAskedFor) {
  Bench b;
  b.bar({100, 100});
  DecisionArrived other = decision(b.last, {0.1, 0.1});
  other.sequence = 7;
  EXPECT_TRUE(b.core.step(other, 0).empty());
  EXPECT_EQ(only<SubmitOrder>(b.decide({0.1, 0.1})).size(), 2U);
  EXPECT_TRUE(b.decide({0.5, 0.5}).empty()) << "the same bar is decided once";
}

TEST(Core, HoldsOnADecisionOfWrongShapeOrWithNumbersThatAreNone) {
  for (const std::vector<double>& weights : {std::vector<double>{0.1},
                                             {0.1, 0.1, 0.1},
                                             {0.1, missing},
                                             {0.1, std::numeric_limits<double>::infinity()}}) {
    Bench b;
    b.bar({100, 100});
    EXPECT_TRUE(only<SubmitOrder>(b.decide(weights)).empty());
    EXPECT_TRUE(b.core.hold_causes().decision_bad);
    EXPECT_EQ(b.core.state(), State::hold);
  }
  Bench b;
  b.bar({100, 100});
  DecisionArrived old = decision(b.last, {0.1, 0.1});
  old.timestamp_ms -= test::day_ms;
  b.core.step(old, 0);
  EXPECT_TRUE(b.core.hold_causes().decision_bad) << "a decision about another bar";
  b.bar({100, 100});
  b.decide({0.1, 0.1});
  EXPECT_EQ(b.core.state(), State::active);
}

TEST(Core, StaysActiveWhileTheServerWarmsUpAndHoldsWhenItRefuses) {
  Bench b;
  b.bar({100, 100});
  DecisionArrived answer = decision(b.last, {});
  answer.status = DecisionArrived::Status::warming;
  EXPECT_TRUE(b.core.step(answer, 0).empty());
  EXPECT_EQ(b.core.state(), State::active);
  b.bar({100, 100});
  answer = decision(b.last, {});
  answer.status = DecisionArrived::Status::refused;
  b.core.step(answer, 0);
  EXPECT_EQ(b.core.state(), State::hold);
}

TEST(Core, TakesNoNewRiskInHoldButLetsReducingOrdersPass) {
  Bench b;
  b.hold({0.2, -0.2});
  b.core.step(HeartbeatLost{}, 0);
  b.bar({100, 100});
  const auto actions = b.decide({0.3, -0.1});
  ASSERT_EQ(only<SubmitOrder>(actions).size(), 1U);
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.symbol, 1U);
  ASSERT_EQ(only<OrderDenied>(actions).size(), 1U);
  EXPECT_EQ(only<OrderDenied>(actions)[0].denial.reason, DenialReason::server_lost);
  b.core.step(HeartbeatSeen{}, 0);
  EXPECT_EQ(b.core.state(), State::active);
}

TEST(Core, OpensTheWayOutWhereTheWayAcrossIsClosed) {
  Bench b;
  b.hold({0.2, 0});
  b.core.step(Command{Command::Kind::hold, "test"}, 0);
  b.bar({100, 100});
  const auto actions = b.decide({-0.2, 0});
  ASSERT_EQ(only<OrderDenied>(actions).size(), 1U);
  ASSERT_EQ(only<SubmitOrder>(actions).size(), 1U);
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.quantity, -200);
  EXPECT_TRUE(only<SubmitOrder>(actions)[0].order.reducing);
}

TEST(Core, ReducesAndHaltsByDrawdownFromThePeakAndLatches) {
  CoreSettings settings = core_settings(2);
  settings.guardian.reduce_drawdown = 0.05;
  settings.guardian.halt_drawdown = 0.15;
  Bench b(settings);
  b.hold({1.0, 0});     // 1000 units at 100
  b.bar({110, 100});    // peak 110000
  b.bar({104.6, 100});  // 4.9 %
  EXPECT_NE(b.core.state(), State::reducing);
  b.bar({104.4, 100});  // 5.1 %
  EXPECT_EQ(b.core.state(), State::reducing);
  b.bar({110, 100});
  EXPECT_EQ(b.core.state(), State::reducing) << "latched";
  const auto fall = b.bar({93.4, 100});  // 15.1 %
  EXPECT_EQ(b.core.state(), State::halted);
  EXPECT_EQ(only<StateChanged>(fall).back().cause, "drawdown");
  b.bar({120, 100});
  EXPECT_EQ(b.core.state(), State::halted) << "latched";
  EXPECT_TRUE(only<SubmitOrder>(b.decide({0, 0})).empty()) << "not even a reducing decision";
  b.core.step(Command{Command::Kind::rearm, "test"}, 0);
  EXPECT_EQ(b.core.state(), State::active);
  EXPECT_EQ(b.core.drawdown(), 0);
  b.bar({115, 100});
  EXPECT_EQ(b.core.state(), State::active);
  EXPECT_NEAR(b.core.drawdown(), 1 - 115.0 / 120, 1e-12) << "measured from re-arming on";
}

TEST(Core, HaltsAgainWhenAnAccountWithoutEquityWasRearmed) {
  Bench b;
  b.hold({-1.0, 0});  // short 1000 units at 100
  b.bar({250, 100});
  ASSERT_LT(b.core.equity(), 0);
  ASSERT_EQ(b.core.state(), State::halted);
  b.core.step(Command{Command::Kind::rearm, "test"}, 0);
  b.bar({300, 100});
  EXPECT_EQ(b.core.state(), State::halted) << "a loss from less than nothing is no gain";
  EXPECT_EQ(b.core.drawdown(), 1);
}

TEST(Core, CancelsEverythingWhenKilledAndHoldsPositionsByDefault) {
  Bench b;
  b.hold({0.2, 0});
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.2, 0.3}));
  ASSERT_EQ(orders.size(), 1U);
  const auto actions = b.core.step(Command{Command::Kind::kill, "test"}, 0);
  EXPECT_EQ(b.core.state(), State::halted);
  ASSERT_EQ(only<CancelOrder>(actions).size(), 1U);
  EXPECT_TRUE(only<SubmitOrder>(actions).empty());
  b.core.step(b.update(UpdateKind::cancelled, orders[0].order), 0);
  EXPECT_TRUE(only<SubmitOrder>(b.bar({100, 100})).empty());
  EXPECT_TRUE(only<CancelOrder>(b.core.step(Command{Command::Kind::kill, "test"}, 0)).empty())
      << "once is enough";
}

TEST(Core, FlattensWhenHaltedIfThatIsTheHaltAction) {
  CoreSettings settings = core_settings(2);
  settings.guardian.halt_action = HaltAction::flatten;
  Bench b(settings);
  b.hold({0.2, -0.3});
  b.bar({100, 100});
  const auto open = only<SubmitOrder>(b.decide({0.2, -0.5}));
  ASSERT_EQ(open.size(), 1U);
  auto actions = b.core.step(Command{Command::Kind::kill, "test"}, 0);
  ASSERT_EQ(only<SubmitOrder>(actions).size(), 1U) << "BX still has an open order";
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.quantity, -200);
  b.core.step(b.update(UpdateKind::cancelled, open[0].order), 0);
  b.fill(only<SubmitOrder>(actions)[0].order, 100);
  actions = b.bar({100, 100});
  ASSERT_EQ(only<SubmitOrder>(actions).size(), 1U);
  EXPECT_EQ(only<SubmitOrder>(actions)[0].order.quantity, 300);
  b.fill(only<SubmitOrder>(actions)[0].order, 100);
  EXPECT_TRUE(only<SubmitOrder>(b.bar({100, 100})).empty());
  EXPECT_EQ(b.core.state(), State::halted);
}

TEST(Core, GivesASecondOrderOfABarANameOfItsOwn) {
  CoreSettings settings = core_settings(2);
  settings.guardian.halt_action = HaltAction::flatten;
  Bench b(settings);
  b.bar({100, 100});
  const auto first = only<SubmitOrder>(b.decide({0.2, 0}));
  b.fill(first[0].order, 100);  // a venue that fills at once
  const auto second_order = only<SubmitOrder>(b.core.step(Command{Command::Kind::kill, "test"}, 0));
  ASSERT_EQ(second_order.size(), 1U);
  EXPECT_EQ(second_order[0].order.client_order_id, "test-1-AX-2");
}

TEST(Core, SendsNothingOnceTheLedgerFailedAndIgnoresRearming) {
  CoreSettings settings = core_settings(2);
  settings.guardian.halt_action = HaltAction::flatten;
  Bench b(settings);
  b.hold({0.2, 0});
  b.bar({100, 100});
  b.decide({0.3, 0.3});
  const auto actions = b.core.step(LedgerFailed{"disk full"}, 0);
  EXPECT_EQ(b.core.state(), State::halted);
  EXPECT_TRUE(only<CancelOrder>(actions).empty());
  EXPECT_TRUE(only<SubmitOrder>(actions).empty());
  b.core.step(Command{Command::Kind::rearm, "test"}, 0);
  EXPECT_EQ(b.core.state(), State::halted);
  EXPECT_TRUE(only<SubmitOrder>(b.bar({100, 100})).empty());
}

TEST(Core, HaltsWhenAnInvariantBreaks) {
  const std::vector<std::pair<std::string, std::function<void(Bench&, const Order&)>>> breaks{
      {"invariant:update_of_unknown_order",
       [](Bench& b, const Order& order) {
         Order unknown = order;
         unknown.client_order_id = "nobody";
         b.core.step(b.update(UpdateKind::accepted, unknown), 0);
       }},
      {"invariant:fill_on_the_wrong_side", [](Bench& b, const Order& order) { b.fill(order, 100, 1, -1); }},
      {"invariant:fill_not_a_number", [](Bench& b, const Order& order) { b.fill(order, missing); }},
      {"invariant:fill_not_a_number", [](Bench& b, const Order& order) { b.fill(order, -1); }},
      {"invariant:fill_without_number", [](Bench& b, const Order& order) { b.fill(order, 100, 0); }},
      {"invariant:bar_out_of_order", [](Bench& b, const Order&) { b.core.step(b.last, 0); }},
      {"invariant:bar_of_wrong_shape", [](Bench& b, const Order&) { b.bar({100}); }}};
  for (const auto& [cause, provoke] : breaks) {
    Bench b;
    b.bar({100, 100});
    const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
    const double cash = b.core.portfolio().cash();
    provoke(b, orders[0].order);
    EXPECT_EQ(b.core.state(), State::halted) << cause;
    EXPECT_EQ(b.core.latch_cause(), cause);
    EXPECT_EQ(b.core.portfolio().cash(), cash) << cause;
  }
}

TEST(Core, BooksAFillThatIsTooLargeBeforeItHaltsAndSellsAllOfIt) {
  CoreSettings settings = core_settings(2);
  settings.guardian.halt_action = HaltAction::flatten;
  Bench b(settings);
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
  b.fill(orders[0].order, 100, 1, 1.5);
  EXPECT_EQ(b.core.latch_cause(), "invariant:fill_exceeds_order");
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 150);
  EXPECT_TRUE(b.core.open_orders().empty());
  const auto out = only<SubmitOrder>(b.bar({100, 100}));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_DOUBLE_EQ(out[0].order.quantity, -150);
}

TEST(Core, HaltsWhenFillsWereLostAndBooksTheOneThatCame) {
  Bench b;
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
  b.fill(orders[0].order, 100, 2, 0.25);
  EXPECT_EQ(b.core.latch_cause(), "invariant:fill_missing");
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 25);
}

TEST(Core, BooksAFillThatCrossedTheWordOfItsCancelling) {
  Bench b;
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
  b.fill(orders[0].order, 100, 1, 0.25);
  b.core.step(b.update(UpdateKind::cancelled, orders[0].order), 0);
  b.fill(orders[0].order, 100, 2, 0.25);
  b.fill(orders[0].order, 100, 2, 0.25);
  EXPECT_EQ(b.core.state(), State::active);
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 50);
  EXPECT_TRUE(b.core.open_orders().empty());
  b.fill(orders[0].order, 100, 3, 0.75);
  EXPECT_EQ(b.core.latch_cause(), "invariant:fill_exceeds_order");
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 125);
}

TEST(Core, CountsARepeatedFillOnce) {
  Bench b;
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
  b.fill(orders[0].order, 100, 1, 0.5);
  b.fill(orders[0].order, 100, 1, 0.5);
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 50);
  b.fill(orders[0].order, 100, 2, 0.5);
  b.fill(orders[0].order, 100, 2, 0.5);
  b.core.step(b.update(UpdateKind::accepted, orders[0].order), 0);
  EXPECT_DOUBLE_EQ(b.core.portfolio().quantity(0), 100);
  EXPECT_TRUE(b.core.open_orders().empty());
  EXPECT_EQ(b.core.state(), State::active);
}

TEST(Core, KeepsTheExposureOfAnOrderWhoseFateIsUnknown) {
  CoreSettings settings = core_settings(2);
  settings.governor.gross_leverage_max = 0.5;
  Bench b(settings);
  b.bar({100, 100});
  b.decide({0.4, 0});
  b.bar({100, 100});
  const auto actions = b.decide({0.4, 0.2});
  ASSERT_EQ(only<CancelOrder>(actions).size(), 1U);
  ASSERT_EQ(only<OrderDenied>(actions).size(), 1U) << "the cancel is not confirmed";
  EXPECT_EQ(only<OrderDenied>(actions)[0].denial.reason, DenialReason::gross_leverage);
  EXPECT_DOUBLE_EQ(only<OrderDenied>(actions)[0].denial.value, 0.6);
}

TEST(Core, HoldsOverAHoleInTheDataAndWhileTheFeedIsSilent) {
  Bench b;
  b.bar({100, 100});
  b.decide({0, 0});
  Bar late = closes_bar(2, {100, 100});
  late.timestamp_ms += 20 * test::day_ms;
  b.last = late;
  b.core.step(late, 0);
  EXPECT_EQ(b.core.state(), State::hold);
  EXPECT_TRUE(only<SubmitOrder>(b.decide({0.1, 0.1})).empty());
  Bar next = late;
  next.sequence = 3;
  next.timestamp_ms += test::day_ms;
  b.last = next;
  b.core.step(next, 0);
  EXPECT_EQ(only<SubmitOrder>(b.decide({0.1, 0.1})).size(), 2U);
  b.core.step(FeedLost{}, 0);
  EXPECT_EQ(b.core.state(), State::hold);
  next.sequence = 4;
  next.timestamp_ms += test::day_ms;
  b.core.step(next, 0);
  EXPECT_EQ(b.core.state(), State::active);
}

TEST(Core, DeniesNewRiskInASymbolWithoutAPriceInTheLastBar) {
  Bench b;
  b.bar({100, 100});
  b.decide({0, 0});
  b.bar({100, missing});
  const auto actions = b.decide({0.1, 0.1});
  ASSERT_EQ(only<OrderDenied>(actions).size(), 1U);
  EXPECT_EQ(only<OrderDenied>(actions)[0].denial.reason, DenialReason::data_stale);
  EXPECT_EQ(only<OrderDenied>(actions)[0].denial.value, static_cast<double>(test::day_ms));
}

TEST(Core, AsksAgainAfterARestartOrCountsTheRequestAsLate) {
  for (const bool again : {true, false}) {
    Bench b;
    b.bar({100, 100}, 5 * second);
    Started restart = test::started(core_settings(2));
    restart.asks_again = again;
    const auto actions = b.core.step(restart, second);
    EXPECT_EQ(only<RequestDecision>(actions).size(), again ? 1U : 0U);
    EXPECT_EQ(b.core.hold_causes().decision_late, !again);
    EXPECT_EQ(b.core.state(), State::hold);
  }
}

TEST(Core, StaysHaltedOverARestartAndAfterAFailedLedger) {
  Bench b;
  b.bar({100, 100});
  b.core.step(Command{Command::Kind::kill, "test"}, 0);
  b.core.step(test::started(core_settings(2)), 0);
  EXPECT_EQ(b.core.state(), State::halted);
  Bench c;
  Started after = test::started(core_settings(2));
  after.ledger_failed = true;
  c.core.step(after, 0);
  EXPECT_EQ(c.core.state(), State::halted);
  c.core.step(HeartbeatSeen{}, 0);
  c.core.step(Command{Command::Kind::rearm, "test"}, 0);
  EXPECT_EQ(c.core.state(), State::active);
}

TEST(Core, CancelsWhatAFailedLedgerLeftOpen) {
  Bench b;
  b.bar({100, 100});
  const auto orders = only<SubmitOrder>(b.decide({0.1, 0}));
  ASSERT_EQ(orders.size(), 1U);
  Started after = test::started(core_settings(2));
  after.ledger_failed = true;
  const auto cancels = only<CancelOrder>(b.core.step(after, 0));
  EXPECT_EQ(b.core.state(), State::halted);
  ASSERT_EQ(cancels.size(), 1U);
  EXPECT_EQ(cancels[0].client_order_id, orders[0].order.client_order_id);
}

TEST(Core, ValuesTheAccountAtEveryTradedBar) {
  Bench b;
  b.hold({0.5, -0.25});
  const auto values = only<Valuation>(b.bar({110, 120}));
  ASSERT_EQ(values.size(), 1U);
  const Valuation& v = values[0];
  EXPECT_DOUBLE_EQ(v.cash, 100'000 - 50'000 + 25'000);
  EXPECT_DOUBLE_EQ(v.equity, v.cash + 500 * 110 - 250 * 120);
  EXPECT_DOUBLE_EQ(v.gross, (500 * 110 + 250 * 120) / v.equity);
  EXPECT_DOUBLE_EQ(v.unrealised, 5'000 - 5'000);
  EXPECT_EQ(v.quantities, (std::vector<double>{500, -250}));
}

}  // namespace
}  // namespace regent::engine
