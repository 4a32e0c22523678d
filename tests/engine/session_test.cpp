#include "engine/shell/session.hpp"

#include <gtest/gtest.h>

#include "engine/ledger/canonical_json.hpp"
#include "engine/ledger/decision_replay.hpp"
#include "engine/ledger/explain.hpp"
#include "engine/ledger/reader.hpp"
#include "engine/ledger/verify.hpp"
#include "tests/engine/support/world.hpp"

namespace regent::engine {
namespace {

using namespace test;

constexpr std::int64_t ms = 1'000'000;

std::vector<nlohmann::json> payloads(const std::filesystem::path& path, const std::string& kind) {
  std::vector<nlohmann::json> found;
  LedgerReader reader(path);
  RowFilter filter;
  filter.kind = kind;
  reader.for_each(
      [&](const LedgerRow& row) {
        found.push_back(nlohmann::json::parse(row.payload));
        return true;
      },
      filter);
  return found;
}

// A session over a fresh ledger.
struct Playing {
  explicit Playing(SessionSettings s = session_settings(2), std::size_t bars = 20)
      : settings(std::move(s)),
        panel(random_panel(bars, settings.core.symbols.size(), 99)),
        ledger(folder / "ledger.db", {}),
        session(settings, ledger, Rebuild(), world.ports()) {}
  void bars(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) session.on_bar(panel.bar(i));
  }
  std::filesystem::path path() const { return folder / "ledger.db"; }

  World world;
  SessionSettings settings;
  TemporaryFolder folder;
  market::Panel panel;
  LedgerWriter ledger;
  Session session;
};

TEST(Session, TradesABarAfterTheOtherAndLeavesALedgerThatVerifiesAndReplays) {
  Playing run;
  run.session.start();
  run.bars(0, 20);
  run.session.stop();
  const Verification verification = verify_ledger(run.path());
  EXPECT_TRUE(verification.ok) << verification.problem;
  EXPECT_EQ(verification.after_anchor, 0U);
  EXPECT_EQ(payloads(run.path(), "bar").size(), 20U);
  EXPECT_EQ(payloads(run.path(), "decision").size(), 20U);
  EXPECT_EQ(payloads(run.path(), "equity").size(), 20U);
  EXPECT_GT(payloads(run.path(), "order_filled").size(), 10U);
  EXPECT_EQ(payloads(run.path(), "stopped").size(), 1U);
  EXPECT_EQ(canonical(run.session.core().portfolio().quantities()),
            canonical(rebuild(run.path()).core.portfolio().quantities()));
}

TEST(Session, WritesTheSameRowsWhenItRunsAgain) {
  const auto rows = [] {
    Playing run;
    run.session.start();
    run.bars(0, 20);
    run.session.stop();
    return verify_ledger(run.path()).head_hash;
  };
  EXPECT_EQ(rows(), rows());
}

TEST(Session, FillsAtTheNextOpenWithSlippageAndFee) {
  Playing run;
  run.session.start();
  run.bars(0, 20);
  std::map<std::string, nlohmann::json> orders;
  for (const auto& order : payloads(run.path(), "order")) orders[order.at("client_order_id")] = order;
  for (const auto& fill : payloads(run.path(), "order_filled")) {
    const auto& order = orders.at(fill.at("client_order_id"));
    const std::size_t bar = order.at("sequence").get<std::size_t>();  // index of the next one
    const std::size_t symbol = order.at("symbol") == "AX" ? 0 : 1;
    const double quantity = order.at("quantity").get<double>();
    const double price = run.panel.at(market::Column::open, bar, symbol) * (quantity > 0 ? 1.0005 : 0.9995);
    EXPECT_DOUBLE_EQ(fill.at("price").get<double>(), price);
    EXPECT_DOUBLE_EQ(fill.at("fee").get<double>(), std::abs(quantity) * price * 0.00075);
    EXPECT_EQ(fill.at("timestamp_ms"), run.panel.timestamps_ms[bar]);
  }
}

TEST(Session, MakesIntentsDurableBeforeTheVenueSeesThem) {
  Playing run;
  std::size_t seen = 0;
  run.ledger.on_commit([&](std::uint64_t) {
    // an order is committed before it is accepted: so at each commit, no accepted order can be missing from
    // the file
    const auto orders = payloads(run.path(), "order");
    seen = orders.size();
    for (const OrderUpdate& update : run.world.witness.updates) {
      const bool durable = std::any_of(orders.begin(), orders.end(), [&](const auto& order) {
        return order.at("client_order_id") == update.client_order_id;
      });
      EXPECT_TRUE(durable) << update.client_order_id;
    }
  });
  run.world.witness.seen = [&](const Event& event, const Core&) {
    if (!std::holds_alternative<OrderUpdate>(event)) return;
    EXPECT_GE(payloads(run.path(), "order").size(), seen);
    const auto& id = std::get<OrderUpdate>(event).client_order_id;
    const auto orders = payloads(run.path(), "order");  // through another connection: only what is durable
    EXPECT_TRUE(std::any_of(orders.begin(), orders.end(), [&](const auto& order) {
      return order.at("client_order_id") == id;
    })) << id;
  };
  run.session.start();
  run.bars(0, 8);
  EXPECT_GT(seen, 3U);
}

TEST(Session, SendsHistoryAsWarmUpAndDoesNotTradeIt) {
  SessionSettings settings = session_settings(2);
  settings.core.trade_from_ms = first_day_ms + 10 * day_ms;
  Playing run(settings);
  run.session.start();
  run.bars(0, 10);
  EXPECT_EQ(run.world.server.bars(), 0U);
  EXPECT_TRUE(payloads(run.path(), "decision").empty());
  run.bars(10, 20);
  EXPECT_EQ(run.world.server.bars(), 20U);
  run.session.stop();
  EXPECT_EQ(payloads(run.path(), "decision").size(), 10U);
  EXPECT_EQ(payloads(run.path(), "equity").size(), 10U);
  EXPECT_EQ(run.world.server.requests, 11U) << "one for all of the history, one per bar";
}

TEST(Session, HoldsWhileTheServerIsAwayAndGoesOnWhenItIsBack) {
  SessionSettings settings = session_settings(2);
  settings.heartbeat_ns = 200 * ms;
  settings.heartbeat_lost_ns = 400 * ms;
  Playing run(settings, 30);
  run.session.start();
  run.bars(0, 10);
  EXPECT_EQ(run.session.core().state(), State::active);
  const auto orders_before = only<SubmitOrder>(run.world.witness.actions).size();
  run.world.server.up = false;
  run.bars(10, 14);
  EXPECT_EQ(run.session.core().state(), State::hold);
  EXPECT_TRUE(run.session.core().hold_causes().server_lost);
  EXPECT_TRUE(run.session.core().hold_causes().decision_late);
  EXPECT_EQ(only<SubmitOrder>(run.world.witness.actions).size(), orders_before);
  run.world.server.restart();  // it comes back with nothing in memory
  run.world.server.up = true;
  run.bars(14, 30);
  EXPECT_EQ(run.session.core().state(), State::active);
  EXPECT_EQ(run.world.server.bars(), 30U) << "everything it lacked was sent again";
  EXPECT_GT(only<SubmitOrder>(run.world.witness.actions).size(), orders_before);
  run.session.stop();
  EXPECT_TRUE(verify_ledger(run.path()).ok);
  EXPECT_NO_THROW(rebuild(run.path()));
}

TEST(Session, UsesTheFirstDecisionAfterTheServerCameBack) {
  SessionSettings settings = session_settings(2);
  settings.heartbeat_ns = 200 * ms;
  settings.heartbeat_lost_ns = 400 * ms;
  Playing run(settings, 20);
  run.session.start();
  run.bars(0, 10);
  run.world.server.up = false;
  run.bars(10, 14);
  run.world.server.up = true;
  run.bars(14, 15);
  EXPECT_EQ(run.session.core().state(), State::active);
  for (const OrderDenied& denied : only<OrderDenied>(run.world.witness.actions)) {
    EXPECT_NE(denied.denial.reason, DenialReason::server_lost);
  }
}

TEST(Session, ResendsHistoryInPiecesThatTheWireAllows) {
  SessionSettings settings = session_settings(2);
  const std::size_t bars = wire::bars_per_message_max + 300;
  settings.core.trade_from_ms = first_day_ms + static_cast<TimestampMs>(bars - 2) * day_ms;
  settings.memory_bars = 100;  // the rest comes from the ledger
  Playing run(settings, bars);
  run.session.start();
  run.bars(0, bars);
  EXPECT_EQ(run.world.server.bars(), bars);
  EXPECT_EQ(run.world.server.requests, 4U);
  EXPECT_EQ(run.session.core().state(), State::active);
  run.world.server.restart();
  run.session.idle(2'000 * ms);
  const wire::Bars all = run.session.bars().range(1, bars, run.ledger.database());
  ASSERT_EQ(all.timestamps_ms, run.panel.timestamps_ms);
  ASSERT_EQ(all.close, run.panel.columns[3]);
  ASSERT_EQ(all.open, run.panel.columns[0]);
}

TEST(Session, HoldsAfterASlowDecisionAndDoesNotUseIt) {
  Playing run;
  run.session.start();
  run.bars(0, 5);
  run.world.server.latency_ns = 800 * ms;  // the deadline is 500
  run.bars(5, 6);
  EXPECT_TRUE(run.session.core().hold_causes().decision_late);
  const auto decided = payloads(run.path(), "decision").size();
  run.world.server.latency_ns = ms;
  run.session.idle(1'000 * ms);  // the late one arrives
  EXPECT_TRUE(run.session.core().hold_causes().decision_late);
  run.bars(6, 7);
  EXPECT_FALSE(run.session.core().hold_causes().decision_late);
  run.session.stop();
  EXPECT_EQ(payloads(run.path(), "decision").size(), decided + 1 + 0);
}

TEST(Session, HoldsWhenTheServerRefuses) {
  Playing run;
  run.world.server.refuse_from = 6;
  run.session.start();
  run.bars(0, 8);
  EXPECT_TRUE(run.session.core().hold_causes().decision_bad);
  run.session.stop();
  EXPECT_EQ(payloads(run.path(), "decision").back().at("reason"), "no");
}

TEST(Session, IgnoresMalformedRepliesAndHolds) {
  Playing run;
  run.session.start();
  run.bars(0, 5);
  run.world.server.malformed = 1;
  run.bars(5, 6);
  EXPECT_TRUE(run.session.core().hold_causes().decision_late);
  run.bars(6, 7);
  EXPECT_EQ(run.session.core().state(), State::active);
}

TEST(Session, KillsWhileItWaitsForADecision) {
  Playing run;
  run.session.start();
  run.bars(0, 5);
  run.world.server.on_wait = [&] {
    run.world.commands.waiting.push_back({Command::Kind::kill, "test"});
    run.world.server.on_wait = nullptr;
  };
  const auto before = only<SubmitOrder>(run.world.witness.actions).size();
  run.bars(5, 6);
  EXPECT_EQ(run.session.core().state(), State::halted);
  EXPECT_EQ(run.world.commands.carried_out, 1);
  EXPECT_EQ(only<SubmitOrder>(run.world.witness.actions).size(), before)
      << "the kill comes before the orders";
  const auto orders = only<SubmitOrder>(run.world.witness.actions).size();
  run.bars(6, 12);
  EXPECT_EQ(only<SubmitOrder>(run.world.witness.actions).size(), orders);
  run.world.commands.waiting.push_back({Command::Kind::rearm, "test"});
  run.bars(12, 20);
  EXPECT_EQ(run.session.core().state(), State::active);
  EXPECT_GT(only<SubmitOrder>(run.world.witness.actions).size(), orders);
  run.session.stop();
  EXPECT_NO_THROW(rebuild(run.path()));
}

TEST(Session, CarriesOutAKillThatCameBeforeItHadStarted) {
  Playing run;
  run.world.commands.waiting.push_back({Command::Kind::kill, "test"});
  run.session.start();
  EXPECT_EQ(run.session.core().state(), State::halted);
  EXPECT_EQ(run.session.core().latch_cause(), "kill");
  EXPECT_EQ(run.world.commands.carried_out, 1);
  run.bars(0, 6);
  EXPECT_TRUE(only<SubmitOrder>(run.world.witness.actions).empty());
  run.session.stop();
  EXPECT_EQ(payloads(run.path(), "command").size(), 1U);
  EXPECT_NO_THROW(rebuild(run.path()));
}

TEST(Session, KeepsAKillThroughAFloodOfCommandsBeforeItHasStarted) {
  SessionSettings settings = session_settings(2);
  settings.live = true;  // goes on without a server, so that there is time for a flood
  Playing run(settings);
  run.world.server.up = false;
  for (int i = 0; i < 200; ++i) {
    run.world.commands.waiting.push_back({Command::Kind::hold, "test"});
    run.world.commands.waiting.push_back({Command::Kind::rearm, "test"});
  }
  run.world.commands.waiting.push_back({Command::Kind::kill, "test"});
  run.world.commands.waiting.push_back({Command::Kind::rearm, "test"});
  run.session.start();
  EXPECT_EQ(run.world.commands.carried_out, 402);
  EXPECT_EQ(run.session.core().state(), State::halted);
  EXPECT_LT(payloads(run.path(), "command").size(), 100U);
}

TEST(Session, KeepsALedgerThatReplaysWhenItIsKilledOnItsWayBackFromACrash) {
  TemporaryFolder folder;
  World world;
  const market::Panel panel = random_panel(20, 2, 5);
  const SessionSettings settings = session_settings(2);
  {
    LedgerWriter ledger(folder / "a.db", {});
    Session session(settings, ledger, Rebuild(), world.ports());
    session.start();
    for (std::size_t i = 0; i < 6; ++i) session.on_bar(panel.bar(i));
  }  // without a stop: what the venue said last is lost
  ASSERT_FALSE(rebuild(folder / "a.db").unrecorded().empty());
  world.commands.waiting.push_back({Command::Kind::kill, "test"});
  {
    LedgerWriter ledger(folder / "a.db", {});
    Session session(settings, ledger, rebuild(folder / "a.db", 100), world.ports());
    session.start();
    EXPECT_EQ(session.core().state(), State::halted);
    EXPECT_TRUE(session.core().open_orders().empty()) << "all were cancelled";
    session.stop();
  }
  EXPECT_NO_THROW(rebuild(folder / "a.db"));
}

TEST(Session, StopsOnCommandAndSaysSoInTheLedger) {
  Playing run;
  run.session.start();
  run.bars(0, 3);
  run.world.commands.waiting.push_back({Command::Kind::shutdown, "signal"});
  run.session.idle(0);
  EXPECT_TRUE(run.session.stop_requested());
  run.session.stop();
  EXPECT_EQ(payloads(run.path(), "command").back().at("command"), "shutdown");
}

TEST(Session, HaltsAndSendsNothingWhenTheLedgerCannotBeWritten) {
  Playing run;
  run.session.start();
  run.bars(0, 5);
  const auto requests = run.world.server.requests;
  const auto pending = run.session.venue().pending();
  const auto pages = run.ledger.database().integer("PRAGMA page_count");
  run.ledger.database().run("PRAGMA max_page_count = " + std::to_string(pages));
  for (std::size_t i = 5; i < 20 && !run.session.failed(); ++i) {
    const auto requests_now = run.world.server.requests;
    run.session.on_bar(run.panel.bar(i));
    if (run.session.failed()) {
      EXPECT_LE(run.world.server.requests, requests_now + 1);
    }
  }
  ASSERT_TRUE(run.session.failed());
  EXPECT_EQ(run.session.core().state(), State::halted);
  EXPECT_EQ(run.session.core().latch_cause(), "ledger_failed");
  const auto orders_recorded = payloads(run.path(), "order").size();
  const auto sent = run.world.server.requests;
  run.bars(0, 20);
  run.world.commands.waiting.push_back({Command::Kind::rearm, "test"});
  run.session.idle(100 * ms);
  EXPECT_EQ(run.session.core().state(), State::halted);
  EXPECT_EQ(run.world.server.requests, sent);
  EXPECT_EQ(payloads(run.path(), "order").size(), orders_recorded);
  EXPECT_GE(requests, 5U);
  EXPECT_LE(pending, 2U);
  run.session.stop();
  EXPECT_TRUE(payloads(run.path(), "stopped").empty());
}

TEST(Session, ComesBackHaltedAfterTheLedgerFailed) {
  TemporaryFolder folder;
  World world;
  const market::Panel panel = random_panel(20, 2, 5);
  const SessionSettings settings = session_settings(2);
  {
    LedgerWriter ledger(folder / "a.db", {});
    Session session(settings, ledger, Rebuild(), world.ports());
    session.start();
    session.on_bar(panel.bar(0));
    ledger.database().run("PRAGMA max_page_count = " +
                          std::to_string(ledger.database().integer("PRAGMA page_count")));
    for (std::size_t i = 1; i < 20; ++i) session.on_bar(panel.bar(i));
    ASSERT_TRUE(session.failed());
  }
  run_process(world, folder / "a.db", panel, settings);
  const Rebuild state = rebuild(folder / "a.db");
  EXPECT_EQ(state.core.state(), State::halted);
  EXPECT_EQ(state.core.latch_cause(), "ledger_failed");
  EXPECT_EQ(state.core.bars(), 20U);
}

TEST(Session, RefusesAReplayWithoutAServerAndLetsALiveFeedGoOnInHold) {
  SessionSettings settings = session_settings(2);
  Playing replay(settings);
  replay.world.server.up = false;
  EXPECT_THROW(replay.session.start(), RetryableError);
  settings.live = true;
  Playing live(settings);
  live.world.server.up = false;
  live.session.start();
  live.bars(0, 2);
  EXPECT_EQ(live.session.core().state(), State::hold);
}

TEST(Session, RefusesAServerThatKnowsMoreThanTheLedger) {
  TemporaryFolder folder;
  World world;
  const market::Panel panel = random_panel(20, 2, 5);
  run_process(world, folder / "a.db", panel, session_settings(2));
  EXPECT_THROW(run_process(world, folder / "b.db", panel, session_settings(2)), InputError);
}

TEST(Session, RefusesALedgerOfAnotherStreamAndBarsThatChanged) {
  TemporaryFolder folder;
  World world;
  market::Panel panel = random_panel(20, 2, 5);
  const SessionSettings settings = session_settings(2);
  run_process(world, folder / "a.db", panel, settings);
  SessionSettings other = settings;
  other.core.stream = "other";
  EXPECT_THROW(run_process(world, folder / "a.db", panel, other), InputError);
  EXPECT_THROW(run_process(world, folder / "a.db", random_panel(20, 3, 5), session_settings(3)), InputError);
  market::Panel changed = panel;
  changed.at(market::Column::close, 7, 1) *= 1.0000001;
  EXPECT_THROW(run_process(world, folder / "a.db", changed, settings), InputError);
  market::Panel shifted = panel;
  shifted.timestamps_ms[7] += 1;
  EXPECT_THROW(run_process(world, folder / "a.db", shifted, settings), InputError);
  EXPECT_NO_THROW(run_process(world, folder / "a.db", panel, settings));
}

TEST(Session, RefusesBarsOfAnotherShape) {
  Playing run;
  run.session.start();
  run.bars(0, 2);
  const market::Panel other = random_panel(5, 3, 1);
  EXPECT_THROW(run.session.on_bar(other.bar(4)), InputError);
  const market::Panel closes = random_panel(5, 2, 1, false);
  EXPECT_THROW(run.session.on_bar(closes.bar(4)), InputError);
  EXPECT_EQ(run.session.core().state(), State::active) << "nothing of it reached the core";
}

TEST(Session, CountsAnUnansweredRequestOfAnEarlierLiveProcessAsLate) {
  TemporaryFolder folder;
  World world;
  const market::Panel panel = random_panel(20, 2, 5);
  SessionSettings settings = session_settings(2);
  settings.live = true;
  {
    LedgerWriter ledger(folder / "a.db", {});
    Session session(settings, ledger, Rebuild(), world.ports());
    session.start();
    for (std::size_t i = 0; i < 5; ++i) session.on_bar(panel.bar(i));
    session.stop();
    world.server.on_wait = [] { throw Crash{}; };
  }
  {
    LedgerWriter ledger(folder / "a.db", {});
    world.server.on_wait = nullptr;
    Session session(settings, ledger, rebuild(folder / "a.db", 100), world.ports());
    session.start();
    world.server.on_wait = [] { throw Crash{}; };
    EXPECT_THROW(session.on_bar(panel.bar(5)), Crash);
  }
  world.server.on_wait = nullptr;
  LedgerWriter ledger(folder / "a.db", {});
  Session session(settings, ledger, rebuild(folder / "a.db", 100), world.ports());
  session.start();
  EXPECT_TRUE(session.core().hold_causes().decision_late);
  session.on_bar(panel.bar(6));
  EXPECT_EQ(session.core().state(), State::active);
}

TEST(Session, ReplaysItsDecisionsOnAServerBitForBit) {
  TemporaryFolder folder;
  World world;
  const market::Panel panel = random_panel(30, 2, 5);
  SessionSettings settings = session_settings(2);
  settings.core.trade_from_ms = first_day_ms + 10 * day_ms;
  run_process(world, folder / "a.db", panel, settings);
  const auto replay = [&](std::size_t spoil) {
    World again;
    std::uint64_t asked = 0;
    return replay_decisions(folder / "a.db", "test", [&](const wire::DecisionRequest& request) {
      EXPECT_TRUE(again.server.send(request));
      wire::DecisionReply reply = *again.server.receive(1'000);
      if (++asked == spoil) reply.weights[1] = std::nextafter(reply.weights[1], 1);
      return reply;
    });
  };
  const DecisionReplay same = replay(0);
  EXPECT_EQ(same.compared, 20U);
  EXPECT_EQ(same.equal, 20U);
  EXPECT_EQ(same.bars, 30U);
  EXPECT_TRUE(same.difference.empty()) << same.difference;
  const DecisionReplay spoiled = replay(5);
  EXPECT_EQ(spoiled.equal, 19U);
  EXPECT_NE(spoiled.difference.find("weights"), std::string::npos) << spoiled.difference;
}

TEST(Session, ExplainsADecisionFromItsLedger) {
  TemporaryFolder folder;
  World world;
  SessionSettings settings = session_settings(2);
  settings.core.governor.restricted_symbols = std::vector<std::string>{"BX"};
  run_process(world, folder / "a.db", random_panel(10, 2, 5), settings);
  const std::string text = explain_decision(folder / "a.db", 4);
  for (const char* part : {"bar 4, 2020-01-04", "regime", "chaos 75.00 %", "symbol_restricted",
                           "order     AX", "filled 2020-01-05"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_THROW(explain_decision(folder / "a.db", 11), InputError);
}

}  // namespace
}  // namespace regent::engine
