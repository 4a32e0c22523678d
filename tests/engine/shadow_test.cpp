#include "engine/shadow.hpp"

#include <gtest/gtest.h>

#include "tests/engine/support/world.hpp"

namespace regent::engine {
namespace {

using namespace test;

TEST(ShadowBook, EqualsTheEngineBitForBitWhereNoGateSpeaks) {
  for (const bool holes : {false, true}) {
    World world;
    TemporaryFolder folder;
    SessionSettings settings = session_settings(3);
    // holes make prices stale, which the guardian would deny: here nobody does
    settings.core.guardian.data_age_max_ms = 1'000 * day_ms;
    const market::Panel panel = random_panel(60, 3, 17, true, holes);
    ShadowSettings shadow_settings;
    shadow_settings.initial_cash = settings.core.initial_cash;
    ShadowBook shadow(3, shadow_settings);
    LedgerWriter ledger(folder / "a.db", {});
    Session session(settings, ledger, Rebuild(), world.ports());
    session.start();
    std::optional<DecisionArrived> decision;
    world.witness.seen = [&](const Event& event, const Core&) {
      if (const auto* arrived = std::get_if<DecisionArrived>(&event)) decision = *arrived;
    };
    std::size_t compared = 0;
    for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
      decision.reset();
      shadow.on_bar(panel.bar(bar));
      session.on_bar(panel.bar(bar));
      ASSERT_EQ(shadow.equity(), session.core().equity()) << bar;
      ASSERT_EQ(shadow.portfolio().quantities(), session.core().portfolio().quantities()) << bar;
      ASSERT_TRUE(decision);
      if (decision->status == DecisionArrived::Status::decided) {
        shadow.on_decision(decision->weights);
        ++compared;
      }
    }
    EXPECT_GT(compared, 50U);
    EXPECT_GT(shadow.orders(), 100U);
    EXPECT_TRUE(only<OrderDenied>(world.witness.actions).empty());
  }
}

}  // namespace
}  // namespace regent::engine
