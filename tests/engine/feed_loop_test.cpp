#include "engine/shell/feed_loop.hpp"

#include <gtest/gtest.h>

#include "tests/engine/support/world.hpp"

namespace regent::engine {
namespace {

using namespace test;

constexpr std::int64_t feed_second_ns = 1'000'000'000;

// Gives its bars at one a second.
class PunctualFeed final : public Feed {
 public:
  PunctualFeed(FakeClock& clock, std::vector<Bar> bars, bool live)
      : clock_(clock), bars_(std::move(bars)), live_(live) {}
  const std::vector<std::string>& symbols() const override { return symbols_; }
  bool live() const override { return live_; }
  std::optional<Bar> next(int) override {
    clock_.time_ns += feed_second_ns;
    return bars_[next_++];
  }
  bool ended() const override { return next_ == bars_.size(); }

 private:
  FakeClock& clock_;
  std::vector<Bar> bars_;
  bool live_;
  std::size_t next_ = 0;
  std::vector<std::string> symbols_ = symbol_names(2);
};

SessionSettings feed_settings(bool live) {
  SessionSettings settings = session_settings(2);
  settings.live = live;
  return settings;
}

// A session that plays bars of its market, 0 the first, and `spoiled` ones, which lack a column.
struct FeedRun {
  explicit FeedRun(bool is_live) : live(is_live) {
    world.witness.seen = [this](const Event& event, const Core&) {
      losses += std::holds_alternative<FeedLost>(event) ? 1 : 0;
    };
    session.start();
  }
  Bar good(std::size_t bar) const { return Bar::from(market.bar(bar), 0); }
  Bar spoiled(std::size_t bar) const {
    Bar closes_only = good(bar);
    closes_only.columns[static_cast<std::size_t>(market::Column::open)].clear();
    return closes_only;
  }
  void play(std::vector<Bar> bars) {
    PunctualFeed feed(world.clock, std::move(bars), live);
    run_feed(session, feed, settings, 5 * feed_second_ns, world.clock);
  }

  bool live;
  World world;
  SessionSettings settings = feed_settings(live);
  TemporaryFolder folder;
  market::Panel market = random_panel(20, 2, 7);
  LedgerWriter ledger{folder / "ledger.db", {}};
  Session session{settings, ledger, Rebuild(), world.ports()};
  int losses = 0;
};

TEST(FeedLoop, CallsALiveFeedLostWhoseBarsAreAllLeftOut) {
  FeedRun run(true);
  std::vector<Bar> bars{run.good(0), run.good(1), run.good(2)};
  for (std::size_t i = 3; i < 15; ++i) bars.push_back(run.spoiled(i));
  run.play(bars);
  EXPECT_EQ(run.session.core().bars(), 3U);
  EXPECT_EQ(run.losses, 1);
  EXPECT_TRUE(run.session.core().hold_causes().data_stale);
  run.play({run.good(3)});
  EXPECT_EQ(run.session.core().state(), State::active) << "a good bar ends the silence";
}

TEST(FeedLoop, CallsALiveFeedLostThatRepeatsItself) {
  FeedRun run(true);
  std::vector<Bar> bars{run.good(0), run.good(1)};
  for (int i = 0; i < 12; ++i) bars.push_back(run.good(1));
  run.play(bars);
  EXPECT_EQ(run.session.core().bars(), 2U);
  EXPECT_EQ(run.losses, 1);
}

TEST(FeedLoop, LeavesAFeedAloneThatKeepsItsTime) {
  FeedRun run(true);
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < 20; ++i) bars.push_back(run.good(i));
  run.play(bars);
  EXPECT_EQ(run.session.core().bars(), 20U);
  EXPECT_EQ(run.losses, 0);
  EXPECT_EQ(run.session.core().state(), State::active);
}

TEST(FeedLoop, EndsAReplayAtABarThatDoesNotFit) {
  FeedRun run(false);
  EXPECT_THROW(run.play({run.good(0), run.spoiled(1), run.good(2)}), InputError);
  EXPECT_EQ(run.session.core().bars(), 1U);
}

}  // namespace
}  // namespace regent::engine
