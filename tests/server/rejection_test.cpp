// Requests that contradict what was received before, and messages that are wrong in themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

using testing::HasSubstr;

void expect_rejected(ServiceHarness& harness, const wire::DecisionRequest& request, const std::string& words,
                     const std::string& kind) {
  const double before = harness.metric("regent_requests_rejected_total{reason=\"" + kind + "\"}");
  const wire::DecisionReply reply = harness.ask(request);
  EXPECT_EQ(reply.status, wire::Status::rejected);
  EXPECT_THAT(reply.reason, HasSubstr(words));
  EXPECT_EQ(harness.metric("regent_requests_rejected_total{reason=\"" + kind + "\"}"), before + 1);
}

TEST(Service, BarThatChangedIsRejectedAndTheStreamGoesOnUnharmed) {
  ServiceHarness undisturbed;
  ServiceHarness harness;
  harness.ask(make_request(1, 6));
  undisturbed.ask(make_request(1, 6));

  wire::DecisionRequest changed = make_request(6);
  changed.bars.close[1] += 1e-9;
  expect_rejected(harness, changed, "bar 6 differs from the bar already received: close of B", "differs");
  changed = make_request(5, 3);  // the third is new, and must not come in with a changed first
  changed.bars.close[0] = std::numeric_limits<double>::quiet_NaN();
  expect_rejected(harness, changed, "bar 5 differs", "differs");
  changed = make_request(6);
  changed.bars.timestamps_ms[0] += 1;
  expect_rejected(harness, changed, "its timestamp is", "differs");

  EXPECT_EQ(harness.ask_bytes(make_request(7)), undisturbed.ask_bytes(make_request(7)));
}

TEST(Service, OtherSymbolsOrColumnsAreAnotherStream) {
  ServiceHarness harness;
  harness.ask(make_request(1, 3));
  expect_rejected(harness, make_request(4, 1, "s", {"A", "C"}), "another set of symbols", "symbols");
  wire::DecisionRequest request = make_request(4);
  request.bars.volume = {1, 1};
  expect_rejected(harness, request, "began with close and this request has close, volume", "columns");
  EXPECT_EQ(harness.ask(make_request(4)).status, wire::Status::decided);
}

TEST(Service, NewBarMustLieAfterTheLastOne) {
  ServiceHarness harness;
  harness.ask(make_request(1, 3));
  wire::DecisionRequest request = make_request(4);
  request.bars.timestamps_ms[0] = 3 * minute_ms;
  expect_rejected(harness, request, "not after the bar before it", "timestamps");
}

TEST(Service, BarWithoutAKeptReplyIsRejectedAsOlder) {
  ServiceSettings settings;
  settings.reply_cache = 2;
  ServiceHarness harness(FakeBundles(), settings);
  for (std::uint64_t bar = 1; bar <= 6; ++bar) {
    harness.ask(make_request(bar));
  }
  EXPECT_EQ(harness.ask(make_request(6)).status, wire::Status::decided);
  EXPECT_EQ(harness.ask(make_request(5)).status, wire::Status::decided);
  expect_rejected(harness, make_request(4), "no reply about it is kept", "older");
}

TEST(Service, BarsOfACatchUpHaveNoReplyOfTheirOwn) {
  ServiceHarness harness;
  harness.ask(make_request(1, 10));
  expect_rejected(harness, make_request(9), "no reply about it is kept", "older");
  EXPECT_EQ(harness.ask(make_request(10)).status, wire::Status::decided);
}

TEST(Service, StreamThatNoBundleCanDecideForIsNotOpened) {
  ServiceHarness harness;
  expect_rejected(harness, make_request(1, 1, "s", {"UNKNOWN"}), "other symbols", "bundle");
  expect_rejected(harness, make_request(1, 1, "s", {"NEEDS_VOLUME"}), "'volume'", "bundle");
  EXPECT_EQ(harness.service.streams(), 0U);
}

TEST(Service, BundleThatNoReplyCouldNameIsRefusedAtTheStart) {
  FakeBundles bundles;
  Metrics metrics;
  const auto serve = [&] { DecisionService service(bundles, {}, metrics, [] { return std::int64_t{0}; }); };
  EXPECT_NO_THROW(serve());
  bundles.all[0].train_end_ms = std::numeric_limits<TimestampMs>::max();
  EXPECT_THROW(serve(), InputError);
  bundles.all[0].train_end_ms = 0;
  bundles.all[0].macro_labels[0].clear();
  EXPECT_THROW(serve(), InputError);
}

TEST(Service, UnusableDecisionIsRejectedAndNeverSent) {
  for (const double factor :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    ServiceHarness harness;
    harness.bundles.behaviour.weight_factor = factor;
    harness.ask(make_request(1, 3));
    expect_rejected(harness, make_request(4), "weights[0] is", "decision");
    EXPECT_EQ(harness.metric("regent_decisions_total{status=\"decided\"}"), 0);
  }
  ServiceHarness harness;
  harness.bundles.behaviour.weights_missing = 1;
  harness.ask(make_request(1, 3));
  expect_rejected(harness, make_request(4), "1 weights for 2 symbols", "decision");
}

TEST(Service, DeciderThatFailsIsRejectedAndBeginsAfresh) {
  ServiceHarness undisturbed;
  ServiceHarness harness;
  undisturbed.ask(make_request(1, 6));
  harness.ask(make_request(1, 4));
  harness.bundles.behaviour.fails_at_bar = 5;
  expect_rejected(harness, make_request(5), "bar 5: the fake was told to fail", "decision");
  harness.bundles.behaviour.fails_at_bar = 0;
  EXPECT_EQ(harness.ask(make_request(5)).status, wire::Status::decided);
  harness.ask(make_request(6));
  EXPECT_EQ(harness.ask_bytes(make_request(7)), undisturbed.ask_bytes(make_request(7)));
}

TEST(Service, MalformedMessageIsToldToItsSenderWhenThereIsOne) {
  ServiceHarness harness;
  std::vector<std::uint8_t> bytes = wire::encode(make_request(1));
  const double price = make_request(1).bars.close[0];
  const double infinite = std::numeric_limits<double>::infinity();
  std::uint8_t pattern[8];
  std::memcpy(pattern, &price, 8);
  const auto at = std::search(bytes.begin(), bytes.end(), pattern, pattern + 8);
  ASSERT_NE(at, bytes.end());
  std::memcpy(&*at, &infinite, 8);
  const auto reply = harness.service.handle(bytes, harness.now_ns);
  ASSERT_TRUE(reply.has_value());
  const wire::DecisionReply decoded = wire::decode_reply(*reply);
  EXPECT_EQ(decoded.status, wire::Status::rejected);
  EXPECT_EQ(decoded.sequence, 1U);
  EXPECT_THAT(decoded.reason, HasSubstr("close of A at bar 1 is inf"));
  EXPECT_EQ(harness.metric("regent_requests_rejected_total{reason=\"malformed\"}"), 1);
  EXPECT_EQ(harness.service.streams(), 0U);

  EXPECT_FALSE(harness.service.handle(std::vector<std::uint8_t>{1, 2, 3}, harness.now_ns).has_value());
  EXPECT_FALSE(harness.service.handle({}, harness.now_ns).has_value());
  EXPECT_FALSE(harness.service.handle(*reply, harness.now_ns).has_value());  // a reply is not a request
  EXPECT_EQ(harness.metric("regent_unreadable_messages_total"), 3);
}

TEST(Service, HostileBytesNeverStopItNorSpoilAStream) {
  const std::uint64_t seed = 4'711;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ServiceHarness harness;
  harness.ask(make_request(1, 5));
  for (int i = 0; i < 5'000; ++i) {
    std::vector<std::uint8_t> bytes =
        wire::encode(make_request(1 + random() % 8, 1 + random() % 3, "hostile"));
    for (std::uint64_t change = 0; change <= random() % 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 5 == 0) {
      bytes.resize(random() % bytes.size());
    }
    const auto reply = harness.service.handle(bytes, harness.now_ns);
    if (reply) {
      EXPECT_NO_THROW(wire::decode_reply(*reply));
    }
  }
  ServiceHarness undisturbed;
  undisturbed.ask(make_request(1, 5));
  EXPECT_EQ(harness.ask_bytes(make_request(6)), undisturbed.ask_bytes(make_request(6)));
  EXPECT_LE(harness.service.streams(), ServiceSettings().streams_max);
}

}  // namespace
}  // namespace regent::server
