// Everything that grows has an end, and says so when it is reached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

using testing::HasSubstr;

TEST(Limits, BarBeyondTheHistoryIsRejectedAndWhatStandsKeepsAnswering) {
  ServiceSettings settings;
  settings.history_bars_max = 10;
  ServiceHarness harness(FakeBundles(), settings);
  harness.ask(make_request(1, 8));
  const wire::DecisionReply full = harness.ask(make_request(9, 3));
  EXPECT_EQ(full.status, wire::Status::rejected);
  EXPECT_THAT(full.reason, HasSubstr("would have 11 bars; serving.history_bars_max is 10"));
  EXPECT_EQ(full.expected_sequence, 9U) << "nothing of the message was kept";
  EXPECT_EQ(harness.ask(make_request(9, 2)).status, wire::Status::decided);
  EXPECT_EQ(harness.ask(make_request(11)).status, wire::Status::rejected);
  EXPECT_EQ(harness.ask(make_request(10)).status, wire::Status::decided);
}

TEST(Limits, LeastRecentlyUsedStreamMakesRoomAndCanComeBack) {
  ServiceSettings settings;
  settings.streams_max = 2;
  ServiceHarness harness(FakeBundles(), settings);
  harness.ask(make_request(1, 5, "first"));
  harness.ask(make_request(1, 5, "second"));
  harness.ask(make_request(6, 1, "first"));  // now "second" was used least recently
  harness.ask(make_request(1, 5, "third"));
  EXPECT_EQ(harness.service.streams(), 2U);
  EXPECT_EQ(harness.metric("regent_streams_evicted_total"), 1);
  EXPECT_EQ(harness.ask(make_request(7, 1, "first")).status, wire::Status::decided);
  const wire::DecisionReply gone = harness.ask(make_request(6, 1, "second"));
  EXPECT_EQ(gone.status, wire::Status::need_history);
  EXPECT_EQ(gone.expected_sequence, 1U);
  EXPECT_EQ(harness.ask(make_request(1, 6, "second")).status, wire::Status::decided);
}

TEST(Limits, BytesOfAllBarsAreBoundedAndIdleStreamsMakeRoom) {
  ServiceSettings settings;
  settings.history_bytes_max = 240;  // a bar of two closes has 24 bytes
  ServiceHarness harness(FakeBundles(), settings);
  harness.ask(make_request(1, 5, "first"));
  harness.ask(make_request(1, 5, "second"));
  EXPECT_EQ(harness.metric("regent_history_bytes"), 240);
  EXPECT_EQ(harness.ask(make_request(6, 1, "second")).status, wire::Status::decided);
  EXPECT_EQ(harness.service.streams(), 1U);
  EXPECT_EQ(harness.metric("regent_history_bytes"), 144);
  const wire::DecisionReply full = harness.ask(make_request(7, 5, "second"));
  EXPECT_EQ(full.status, wire::Status::rejected);
  EXPECT_THAT(full.reason, HasSubstr("serving.history_megabytes_max"));
  EXPECT_EQ(harness.ask(make_request(7, 4, "second")).status, wire::Status::decided);
}

TEST(Limits, StreamThatIsTooLargeFromTheStartEvictsNobody) {
  ServiceSettings settings;
  settings.history_bytes_max = 240;
  ServiceHarness harness(FakeBundles(), settings);
  harness.ask(make_request(1, 5, "first"));
  EXPECT_EQ(harness.ask(make_request(1, 11, "huge")).status, wire::Status::rejected);
  EXPECT_EQ(harness.service.streams(), 1U);
  EXPECT_EQ(harness.ask(make_request(6, 1, "first")).status, wire::Status::decided);
}

}  // namespace
}  // namespace regent::server
