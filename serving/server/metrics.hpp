#pragma once
// Everything that /metrics shows. Any thread may read while the socket's thread writes.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <span>
#include <string>

#include "serving/server/rejection.hpp"
#include "serving/server/served_bundles.hpp"
#include "serving/wire/messages.hpp"

namespace regent::server {

class Metrics {
 public:
  Metrics();

  void show_bundles(std::span<const BundleLabel> labels);
  void count_reply(wire::Status status, double latency_seconds);
  void count_rejection(RejectionKind kind);
  void count_repeat() { repeats_->Increment(); }
  void count_bars(std::size_t bars) { bars_->Increment(static_cast<double>(bars)); }
  void count_evicted_stream() { evicted_->Increment(); }
  void count_unreadable() { unreadable_->Increment(); }
  void count_undelivered() { undelivered_->Increment(); }
  void show_streams(std::size_t streams, std::size_t bytes);
  void show_waiting(std::size_t requests) { waiting_->Set(static_cast<double>(requests)); }

  // Prometheus' text format, version 0.0.4.
  std::string text() const;

 private:
  prometheus::Registry registry_;
  std::array<prometheus::Counter*, 6> replies_{};  // by wire::Status
  std::array<prometheus::Counter*, rejection_kinds> rejections_{};
  prometheus::Histogram* latency_;
  prometheus::Counter* repeats_;
  prometheus::Counter* bars_;
  prometheus::Counter* evicted_;
  prometheus::Counter* unreadable_;
  prometheus::Counter* undelivered_;
  prometheus::Gauge* streams_;
  prometheus::Gauge* history_bytes_;
  prometheus::Gauge* waiting_;
};

}  // namespace regent::server
