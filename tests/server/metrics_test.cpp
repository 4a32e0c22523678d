#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.hpp"
#include "tests/server/service_harness.hpp"

namespace regent::server {
namespace {

TEST(ServerMetrics, CountWhatHappened) {
  ServiceHarness harness;
  harness.metrics.show_bundles(harness.bundles.labels());
  harness.ask(make_request(1, 4));
  harness.ask(make_request(5), 2'000 * ms);
  harness.ask(make_request(9));
  harness.ask(make_request(5), 10 * ms);
  wire::DecisionRequest heartbeat;
  heartbeat.stream = "s";
  harness.ask(heartbeat);
  EXPECT_EQ(harness.metric("regent_decisions_total{status=\"decided\"}"), 2);
  EXPECT_EQ(harness.metric("regent_decisions_total{status=\"late\"}"), 1);
  EXPECT_EQ(harness.metric("regent_decisions_total{status=\"need_history\"}"), 1);
  EXPECT_EQ(harness.metric("regent_decisions_total{status=\"alive\"}"), 1);
  EXPECT_EQ(harness.metric("regent_decisions_total{status=\"rejected\"}"), 0);
  EXPECT_EQ(harness.metric("regent_bars_total"), 5);
  EXPECT_EQ(harness.metric("regent_streams"), 1);
  // Two in no time, one after 10 ms, one after two seconds; heartbeats do not count.
  EXPECT_EQ(harness.metric("regent_decision_latency_seconds_count"), 4);
  EXPECT_EQ(harness.metric("regent_decision_latency_seconds_bucket{le=\"0.005\"}"), 2);
  EXPECT_EQ(harness.metric("regent_decision_latency_seconds_bucket{le=\"1\"}"), 3);
  EXPECT_THAT(harness.metrics.text(),
              testing::HasSubstr("regent_bundle_info{fingerprint=\"fingerprint-0\","));
}

TEST(ServerMetrics, DescribeThisProcess) {
  const ServiceHarness harness;
  const double now_s = static_cast<double>(wall_clock_now_ms()) / 1'000;
  const double start_s = harness.metric("process_start_time_seconds");
  EXPECT_LE(start_s, now_s + 2);  // the kernel's boot time is rounded to a second
  EXPECT_GT(start_s, now_s - 86'400);
  EXPECT_GT(harness.metric("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(harness.metric("process_cpu_seconds_total"), 0);
  EXPECT_GE(harness.metric("process_open_fds"), 3);
}

}  // namespace
}  // namespace regent::server
