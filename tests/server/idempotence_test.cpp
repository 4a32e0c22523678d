// The same bars give the same replies: repeated, resent after a restart, cut into messages in any way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

using testing::HasSubstr;
using Replies = std::vector<std::vector<std::uint8_t>>;

Replies ask_one_by_one(ServiceHarness& harness, std::uint64_t first, std::uint64_t last,
                       const std::string& stream = "s") {
  Replies replies;
  for (std::uint64_t bar = first; bar <= last; ++bar) {
    replies.push_back(harness.ask_bytes(make_request(bar, 1, stream)));
  }
  return replies;
}

TEST(Service, DecidesOnceWarmAndSaysWhatItKnows) {
  ServiceHarness harness;
  for (std::uint64_t bar = 1; bar <= 3; ++bar) {
    const wire::DecisionReply reply = harness.ask(make_request(bar));
    EXPECT_EQ(reply.status, wire::Status::warming);
    EXPECT_EQ(reply.reason, "not enough bars yet");
    EXPECT_TRUE(reply.weights.empty());
  }
  const wire::DecisionReply reply = harness.ask(make_request(4));
  EXPECT_EQ(reply.status, wire::Status::decided);
  EXPECT_EQ(reply.sequence, 4U);
  EXPECT_EQ(reply.expected_sequence, 5U);
  EXPECT_EQ(reply.timestamp_ms, 4 * minute_ms);
  EXPECT_EQ(reply.fingerprint, "fingerprint-0");
  EXPECT_EQ(reply.bundle_end_ms, -1'000);
  EXPECT_THAT(reply.macro_labels, testing::ElementsAre("calm", "chaos"));
  // The fake's own arithmetic, written out again.
  std::vector<double> states{0.1, 0.1};
  for (std::uint64_t bar = 1; bar <= 4; ++bar) {
    const wire::Bars bars = make_request(bar).bars;
    for (std::size_t i = 0; i < 2; ++i) {
      const double seen = std::isnan(bars.close[i]) ? -1.0 : bars.close[i];
      states[i] =
          std::sin(1.7 * states[i] + 0.01 * seen + 1e-12 * static_cast<double>(bars.timestamps_ms[0]));
    }
  }
  EXPECT_EQ(reply.convictions, states);
  EXPECT_EQ(reply.weights, (std::vector<double>{0.1 * states[0], 0.1 * states[1]}));
}

TEST(Service, RepeatedRequestGetsTheSameBytesWithoutWork) {
  ServiceHarness harness;
  const Replies first = ask_one_by_one(harness, 1, 20);
  const std::size_t updates = harness.bundles.behaviour.updates;
  harness.now_ns += 77'777'777;  // compute_us would differ if anything were computed again
  EXPECT_EQ(ask_one_by_one(harness, 1, 20), first);
  EXPECT_EQ(harness.bundles.behaviour.updates, updates);
  EXPECT_EQ(harness.metric("regent_repeated_requests_total"), 20);
  EXPECT_EQ(harness.metric("regent_bars_total"), 20);
}

TEST(Service, RepeatIsAnsweredEvenAfterItsDeadline) {
  ServiceHarness harness;
  const Replies first = ask_one_by_one(harness, 1, 5);
  EXPECT_EQ(harness.ask_bytes(make_request(5), 10'000 * ms), first[4]);
}

TEST(Service, AfterARestartTheResentHistoryGivesTheSameReplies) {
  ServiceHarness undisturbed;
  const Replies expected = ask_one_by_one(undisturbed, 1, 40);
  for (const std::size_t batch : {1U, 3U, 25U}) {
    ServiceHarness restarted;
    const wire::DecisionReply lacking = restarted.ask(make_request(26));
    EXPECT_EQ(lacking.status, wire::Status::need_history);
    EXPECT_EQ(lacking.expected_sequence, 1U);
    for (std::uint64_t bar = 1; bar <= 25; bar += batch) {
      restarted.ask(make_request(bar, std::min<std::size_t>(batch, 26 - bar)));
    }
    EXPECT_EQ(ask_one_by_one(restarted, 26, 40), Replies(expected.begin() + 25, expected.end())) << batch;
  }
}

// Duplicates, overlaps, gaps and messages out of order, by a sender that follows the replies.
TEST(Service, AnyCuttingAndRepeatingOfTheBarsGivesTheSameReplies) {
  ServiceHarness undisturbed;
  constexpr std::uint64_t bars = 120;
  const Replies expected = ask_one_by_one(undisturbed, 1, bars);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    ServiceHarness harness;
    std::uint64_t next = 1;
    while (next <= bars) {
      const std::uint64_t first = 1 + random() % (next + 3);
      const std::size_t count = 1 + random() % 10;
      if (first + count - 1 > bars) {
        continue;
      }
      const auto bytes = harness.ask_bytes(make_request(first, count));
      const wire::DecisionReply reply = wire::decode_reply(bytes);
      if (first > next) {
        ASSERT_EQ(reply.status, wire::Status::need_history);
      } else if (first + count > next) {
        next = first + count;
      }
      ASSERT_EQ(harness.ask(make_request(1, 1, "other", {"A", "B"})).sequence,
                1U);  // another stream in between
      if (reply.status == wire::Status::decided || reply.status == wire::Status::warming) {
        ASSERT_EQ(bytes, expected[reply.sequence - 1]);
      }
    }
  }
}

TEST(Service, InterleavedStreamsDoNotTouchEachOther) {
  ServiceHarness alone;
  const Replies expected = ask_one_by_one(alone, 1, 30, "left");
  ServiceHarness both;
  Replies left;
  for (std::uint64_t bar = 1; bar <= 30; ++bar) {
    left.push_back(both.ask_bytes(make_request(bar, 1, "left")));
    wire::DecisionRequest right = make_request(bar, 1, "right", {"X"});
    right.bars.close[0] = 3;
    both.ask_bytes(right);
  }
  EXPECT_EQ(left, expected);
  EXPECT_EQ(both.metric("regent_streams"), 2);
}

TEST(Service, GapIsNamedAndNothingBehindItIsKept) {
  ServiceHarness harness;
  ask_one_by_one(harness, 1, 5);
  const wire::DecisionReply reply = harness.ask(make_request(8, 2));
  EXPECT_EQ(reply.status, wire::Status::need_history);
  EXPECT_EQ(reply.expected_sequence, 6U);
  EXPECT_THAT(reply.reason, HasSubstr("bars 6 to 7 are missing"));
  EXPECT_EQ(harness.ask(make_request(6)).expected_sequence, 7U);
}

TEST(Service, HeartbeatSaysWhereTheStreamStands) {
  ServiceHarness harness;
  wire::DecisionRequest heartbeat;
  heartbeat.stream = "s";
  EXPECT_EQ(harness.ask(heartbeat).expected_sequence, 1U);
  ask_one_by_one(harness, 1, 5);
  const wire::DecisionReply reply = harness.ask(heartbeat);
  EXPECT_EQ(reply.status, wire::Status::alive);
  EXPECT_EQ(reply.sequence, 0U);
  EXPECT_EQ(reply.expected_sequence, 6U);
  EXPECT_EQ(reply.fingerprint, "fingerprint-0");
  EXPECT_EQ(harness.service.streams(), 1U);  // a heartbeat alone opens no stream
}

}  // namespace
}  // namespace regent::server
