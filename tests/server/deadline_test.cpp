// Deadlines count on the monotonic clock from arrival; expiry counts in the stream's own time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

TEST(Deadline, WaitingUpToTheDeadlineIsInTimeAndLongerIsLate) {
  ServiceHarness harness;
  harness.ask(make_request(1, 4));
  EXPECT_EQ(harness.ask(make_request(5), 100 * ms).status, wire::Status::decided);
  const wire::DecisionReply late = harness.ask(make_request(6), 100 * ms + 1);
  EXPECT_EQ(late.status, wire::Status::late);
  EXPECT_TRUE(late.weights.empty());
  EXPECT_EQ(late.expected_sequence, 7U);
}

TEST(Deadline, LateBarsAreKeptSoThatTheNextDecisionIsTheSame) {
  ServiceHarness punctual;
  ServiceHarness harness;
  for (std::uint64_t bar = 1; bar <= 10; ++bar) {
    punctual.ask(make_request(bar));
    harness.ask(make_request(bar), bar >= 6 ? 1'000 * ms : 0);
  }
  EXPECT_EQ(harness.ask_bytes(make_request(11)), punctual.ask_bytes(make_request(11)));
}

TEST(Deadline, LateRequestMayComeAgainAndIsThenDecided) {
  ServiceHarness punctual;
  ServiceHarness harness;
  punctual.ask(make_request(1, 4));
  harness.ask(make_request(1, 4));
  const std::size_t updates = harness.bundles.behaviour.updates;
  EXPECT_EQ(harness.ask(make_request(5), 101 * ms).status, wire::Status::late);
  EXPECT_EQ(harness.bundles.behaviour.updates, updates) << "a late request costs no decision";
  const auto decided = punctual.ask_bytes(make_request(5));
  EXPECT_EQ(harness.ask_bytes(make_request(5)), decided);
  EXPECT_EQ(harness.ask_bytes(make_request(5), 1'000 * ms), decided);
}

TEST(Deadline, ALateFirstRequestOpensItsStream) {
  ServiceHarness harness;
  EXPECT_EQ(harness.ask(make_request(1, 5), 101 * ms).status, wire::Status::late);
  EXPECT_EQ(harness.ask(make_request(6)).status, wire::Status::decided);
}

TEST(Expiry, IsTheBarPlusMedianStepsInStreamTime) {
  ServiceSettings settings;
  settings.expiry_bars = 3;
  ServiceHarness harness(FakeBundles(), settings);
  harness.now_ns = 123;  // no other clock has a part in it
  EXPECT_EQ(harness.ask(make_request(1)).expires_ms, minute_ms) << "one bar has no step: it expires at once";
  const wire::DecisionReply reply = harness.ask(make_request(2, 9));
  EXPECT_EQ(reply.timestamp_ms, 10 * minute_ms);
  EXPECT_EQ(reply.expires_ms, 13 * minute_ms);
}

TEST(Expiry, WeekendsDoNotStretchADailyStep) {
  constexpr TimestampMs day_ms = 86'400'000;
  wire::DecisionRequest request = make_request(1, 40);
  for (std::size_t bar = 0; bar < 40; ++bar) {
    request.bars.timestamps_ms[bar] =
        static_cast<TimestampMs>(bar + bar / 5 * 2) * day_ms;  // five days of seven
  }
  ServiceHarness harness;
  const wire::DecisionReply reply = harness.ask(request);
  EXPECT_EQ(reply.expires_ms - reply.timestamp_ms, 5 * day_ms);
}

}  // namespace
}  // namespace regent::server
