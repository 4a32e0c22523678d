// A walk-forward set: each bundle decides from its own first bar on, warmed by the whole history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

const std::vector<TimestampMs> starts{10 * minute_ms, 20 * minute_ms, 25 * minute_ms};

TEST(BundleChoice, LatestThatMayServeIsChosen) {
  const FakeBundles bundles(starts);
  const auto labels = bundles.labels();
  EXPECT_EQ(bundle_for(labels, 10 * minute_ms - 1), std::nullopt);
  EXPECT_EQ(bundle_for(labels, 10 * minute_ms), 0U);
  EXPECT_EQ(bundle_for(labels, 20 * minute_ms - 1), 0U);
  EXPECT_EQ(bundle_for(labels, 20 * minute_ms), 1U);
  EXPECT_EQ(bundle_for(labels, 25 * minute_ms), 2U);
  EXPECT_EQ(bundle_for(labels, 99 * minute_ms), 2U);
}

TEST(BundleChoice, BeforeTheFirstBundleTheStreamOnlyWarms) {
  ServiceHarness harness{FakeBundles(starts)};
  for (std::uint64_t bar = 1; bar < 10; ++bar) {
    const wire::DecisionReply reply = harness.ask(make_request(bar));
    EXPECT_EQ(reply.status, wire::Status::warming);
    EXPECT_THAT(reply.reason, testing::HasSubstr("may decide from 1970-01-01T00:10:00Z"));
    EXPECT_TRUE(reply.weights.empty());
  }
  EXPECT_EQ(harness.ask(make_request(10)).status, wire::Status::decided);
  EXPECT_EQ(harness.bundles.behaviour.updates, 10U);  // warmed bar by bar, not replayed
}

TEST(BundleChoice, EachBundleDecidesInItsTimeAsIfItHadSeenAllBars) {
  ServiceHarness harness{FakeBundles(starts)};
  for (std::uint64_t bar = 1; bar <= 30; ++bar) {
    const wire::DecisionReply reply = harness.ask(make_request(bar));
    const std::size_t bundle = bar < 20 ? 0 : bar < 25 ? 1 : 2;
    EXPECT_EQ(reply.fingerprint, harness.bundles.all[bundle].fingerprint) << bar;
    EXPECT_EQ(reply.bundle_end_ms, harness.bundles.all[bundle].train_end_ms);
    if (bar < 10) {
      continue;
    }
    const auto alone = FakeBundles(starts);
    const auto decider = alone.make_decider(bundle, {"A", "B"}, columns_of(make_request(1).bars));
    ServedDecision expected;
    for (std::uint64_t seen = 1; seen <= bar; ++seen) {
      const wire::DecisionRequest request = make_request(seen);
      market::BarView view;
      view.timestamp_ms = request.bars.timestamps_ms[0];
      view.columns[static_cast<std::size_t>(market::Column::close)] = request.bars.close;
      expected = decider->update(view);
    }
    EXPECT_EQ(reply.weights, expected.weights) << bar;
    EXPECT_EQ(reply.macro_posterior, expected.macro_posterior) << bar;
  }
}

TEST(BundleChoice, CatchingUpPastSeveralBundlesReplaysOnlyTheOneInForce) {
  ServiceHarness harness{FakeBundles(starts)};
  EXPECT_EQ(harness.ask(make_request(1, 30)).fingerprint, "fingerprint-2");
  EXPECT_EQ(harness.bundles.behaviour.updates, 30U);
}

TEST(BundleChoice, RepliesOfAnEarlierBundleStayAsTheyWere) {
  ServiceHarness harness{FakeBundles(starts)};
  harness.ask(make_request(1, 18));
  const auto before = harness.ask_bytes(make_request(19));
  harness.ask(make_request(20));
  EXPECT_EQ(harness.ask_bytes(make_request(19)), before);
}

}  // namespace
}  // namespace regent::server
