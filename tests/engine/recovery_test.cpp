#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/ledger/reader.hpp"
#include "engine/ledger/verify.hpp"
#include "tests/engine/support/world.hpp"

namespace regent::engine {
namespace {

using namespace test;

// What a run comes to: positions, cash, and every fill.
struct Outcome {
  std::vector<double> quantities;
  double cash = 0, equity = 0;
  std::set<std::tuple<std::string, std::uint64_t, double, double, double>> fills;
  std::vector<std::string> orders;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const std::filesystem::path& path) {
  const Verification verification = verify_ledger(path);
  EXPECT_TRUE(verification.ok) << verification.problem;
  const Rebuild state = rebuild(path);
  Outcome result{
      state.core.portfolio().quantities(), state.core.portfolio().cash(), state.core.equity(), {}, {}};
  LedgerReader reader(path);
  reader.for_each([&](const LedgerRow& row) {
    const nlohmann::json p = nlohmann::json::parse(row.payload);
    if (row.kind == "order") result.orders.push_back(p.at("client_order_id"));
    if (row.kind != "order_filled") return true;
    const bool is_new =
        result.fills
            .emplace(p.at("client_order_id"), p.at("fill"), p.at("quantity"), p.at("price"), p.at("fee"))
            .second;
    EXPECT_TRUE(is_new) << "filled twice: " << p.dump();
    return true;
  });
  return result;
}

struct Case {
  const char* name;
  bool with_open, holes;
};

class Recovery : public testing::TestWithParam<Case> {
 protected:
  static constexpr unsigned seed = 4242;
  static constexpr std::size_t bars = 30;
  static SessionSettings settings() {
    SessionSettings settings = session_settings(3);
    settings.core.trade_from_ms = first_day_ms + 5 * day_ms;
    return settings;
  }
  market::Panel panel() const { return random_panel(bars, 3, seed, GetParam().with_open, GetParam().holes); }
};

TEST_P(Recovery, EndsAlikeAfterACrashAtEveryPoint) {
  RecordProperty("seed", static_cast<int>(seed));
  const market::Panel market = panel();
  TemporaryFolder folder;
  World calm;
  run_process(calm, folder / "calm.db", market, settings());
  const Outcome expected = outcome(folder / "calm.db");
  ASSERT_GT(expected.fills.size(), 30U);
  const std::int64_t points = calm.crash.points;
  ASSERT_GT(points, 100);
  for (std::int64_t at = 0; at < points; ++at) {
    const auto path = folder / ("crash-" + std::to_string(at) + ".db");
    World world;
    world.crash.countdown = at;
    EXPECT_THROW(run_process(world, path, market, settings()), Crash) << at;
    run_process(world, path, market, settings());  // the same server goes on
    ASSERT_EQ(outcome(path), expected) << "crash point " << at << " seed " << seed;
    std::set<std::string> orders;
    for (const std::string& id : outcome(path).orders)
      ASSERT_TRUE(orders.insert(id).second) << id << " sent twice";
  }
}

TEST_P(Recovery, EndsAlikeWhenServerAndEngineCrashAgainAndAgain) {
  RecordProperty("seed", static_cast<int>(seed));
  const market::Panel market = panel();
  TemporaryFolder folder;
  World calm;
  run_process(calm, folder / "calm.db", market, settings());
  const Outcome expected = outcome(folder / "calm.db");
  std::mt19937 random(seed);
  for (int run = 0; run < 20; ++run) {
    const auto path = folder / ("run-" + std::to_string(run) + ".db");
    World world;
    for (int tries = 0;; ++tries) {
      ASSERT_LT(tries, 1'000);
      world.crash.countdown = tries < 12 ? static_cast<std::int64_t>(random() % 60) : -1;
      if (random() % 3 == 0) world.server.restart();
      try {
        run_process(world, path, market, settings());
        break;
      } catch (const Crash&) {
      }
    }
    ASSERT_EQ(outcome(path), expected) << "run " << run << " seed " << seed;
  }
}

// As if the machine had lost everything after a row: rows are cut at each transaction's end.
TEST_P(Recovery, EndsAlikeFromEveryPrefixOfTheLedger) {
  const market::Panel market = panel();
  TemporaryFolder folder;
  std::vector<std::uint64_t> ends;
  {
    World calm;
    LedgerWriter ledger(folder / "calm.db", {});
    ledger.on_commit([&](std::uint64_t rows) { ends.push_back(rows); });
    Session session(settings(), ledger, Rebuild(), calm.ports());
    session.start();
    for (std::size_t bar = 0; bar < market.bars(); ++bar) session.on_bar(market.bar(bar));
    session.stop();
  }
  const Outcome expected = outcome(folder / "calm.db");
  LedgerReader reader(folder / "calm.db");
  ASSERT_GT(ends.size(), 40U);
  for (const std::uint64_t end : ends) {
    const auto path = folder / ("prefix-" + std::to_string(end) + ".db");
    {
      LedgerWriter prefix(path, {});
      RowFilter filter;
      filter.limit = end;
      reader.for_each(
          [&](const LedgerRow& row) {
            prefix.append(row.kind, row.stream_ms, row.payload);
            return true;
          },
          filter);
      prefix.commit();
    }
    World world;  // a server that knows nothing
    run_process(world, path, market, settings());
    ASSERT_EQ(outcome(path), expected) << "after row " << end;
  }
}

INSTANTIATE_TEST_SUITE_P(Panels, Recovery,
                         testing::Values(Case{"Opens", true, false}, Case{"ClosesOnly", false, false},
                                         Case{"WithHoles", true, true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Rebuild, GivesEveryRecordedOutputAgainAndFindsAChangedOne) {
  TemporaryFolder folder;
  World world;
  run_process(world, folder / "a.db", random_panel(12, 2, 1), session_settings(2));
  EXPECT_GT(rebuild(folder / "a.db").outputs, 20U);
  LedgerReader reader(folder / "a.db");
  // the same rows with one number changed, in a chain that is intact in itself
  for (const std::string kind : {"order", "equity", "state", "order_filled", "decision", "bar"}) {
    const auto path = folder / (kind + ".db");
    LedgerWriter forged(path, {});
    int count = 0;
    reader.for_each([&](const LedgerRow& row) {
      std::string payload = row.payload;
      if (row.kind == kind && ++count == 2) {
        const std::string field = kind == "state"      ? "\"to\":\"ACTIVE\""
                                  : kind == "decision" ? "\"weights\":["
                                  : kind == "bar"      ? "\"close\":["
                                  : kind == "equity"   ? "\"cash\":"
                                                       : "\"quantity\":";
        const std::size_t at = payload.find(field);
        EXPECT_NE(at, std::string::npos) << kind << payload;
        if (kind == "state") {
          payload.replace(at, field.size(), "\"to\":\"HALTED\"");
        } else {
          payload.insert(at + field.size(), "9");
          const std::size_t minus = payload.find("9-", at);  // a negative number stays one number
          if (minus == at + field.size()) payload.replace(minus, 2, "-9");
        }
      }
      forged.append(row.kind, row.stream_ms, payload);
      return true;
    });
    forged.close();
    ASSERT_TRUE(verify_ledger(path).ok);
    EXPECT_THROW(rebuild(path), InputError) << kind;
  }
}

TEST(Rebuild, RefusesRowsThatMakeNoSense) {
  const auto apply = [](const std::string& kind, const std::string& payload) {
    Rebuild state;
    state.apply({1, kind, 0, payload, {}, {}});
  };
  EXPECT_THROW(apply("bar", R"({"sequence":1,"timestamp_ms":1,"close":[1.0],"now_ns":1})"), InputError)
      << "before any start";
  EXPECT_THROW(apply("order", "{}"), InputError);
  EXPECT_THROW(apply("nonsense", "{}"), InputError);
  EXPECT_THROW(apply("started", "not json"), InputError);
  EXPECT_THROW(apply("started", "[]"), InputError);
  EXPECT_THROW(apply("started", R"({"stream":5})"), InputError);
}

}  // namespace
}  // namespace regent::engine
