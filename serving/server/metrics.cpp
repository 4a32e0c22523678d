#include "serving/server/metrics.hpp"

#include <prometheus/text_serializer.h>

#include "base/time.hpp"
#include "base/version.hpp"
#include "serving/server/process_metrics.hpp"

namespace regent::server {
namespace {

prometheus::Counter* counter(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge* gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

Metrics::Metrics()
    : latency_(&prometheus::BuildHistogram()
                    .Name("regent_decision_latency_seconds")
                    .Help("From a request's arrival to its reply, for requests that carry bars.")
                    .Register(registry_)
                    .Add({}, prometheus::Histogram::BucketBoundaries{50e-6, 100e-6, 200e-6, 500e-6, 1e-3,
                                                                     2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1,
                                                                     0.2, 0.5, 1, 2, 5, 10})),
      repeats_(counter(registry_, "regent_repeated_requests_total",
                       "Requests answered with the bytes of before.")),
      bars_(counter(registry_, "regent_bars_total", "New bars received.")),
      evicted_(
          counter(registry_, "regent_streams_evicted_total", "Streams forgotten to make room for others.")),
      unreadable_(counter(registry_, "regent_unreadable_messages_total",
                          "Messages dropped because nobody could be told what is wrong with them.")),
      undelivered_(counter(registry_, "regent_undelivered_replies_total",
                           "Replies dropped because their peer was gone or did not read.")),
      streams_(gauge(registry_, "regent_streams", "Streams that the server holds.")),
      history_bytes_(gauge(registry_, "regent_history_bytes", "Bytes of all bars held.")),
      waiting_(gauge(registry_, "regent_waiting_requests",
                     "Requests read from the socket and not yet answered.")) {
  auto& replies = prometheus::BuildCounter()
                      .Name("regent_decisions_total")
                      .Help("Replies by status; alive answers heartbeats.")
                      .Register(registry_);
  for (std::size_t i = 0; i < replies_.size(); ++i) {
    replies_[i] = &replies.Add({{"status", wire::to_text(static_cast<wire::Status>(i))}});
  }
  auto& rejections = prometheus::BuildCounter()
                         .Name("regent_requests_rejected_total")
                         .Help("Rejected requests by reason.")
                         .Register(registry_);
  for (std::size_t i = 0; i < rejections_.size(); ++i) {
    rejections_[i] = &rejections.Add({{"reason", to_text(static_cast<RejectionKind>(i))}});
  }
}

void Metrics::show_bundles(std::span<const BundleLabel> labels) {
  auto& info = prometheus::BuildGauge()
                   .Name("regent_bundle_info")
                   .Help("1 for each bundle that is loaded.")
                   .Register(registry_);
  for (const BundleLabel& label : labels) {
    info.Add({{"fingerprint", label.fingerprint},
              {"serve_from", format_timestamp(label.serve_from_ms)},
              {"train_end", format_timestamp(label.train_end_ms)},
              {"version", version()}})
        .Set(1);
  }
}

void Metrics::count_reply(wire::Status status, double latency_seconds) {
  replies_[static_cast<std::size_t>(status)]->Increment();
  if (status != wire::Status::alive) {
    latency_->Observe(latency_seconds);
  }
}

void Metrics::count_rejection(RejectionKind kind) {
  rejections_[static_cast<std::size_t>(kind)]->Increment();
}

void Metrics::show_streams(std::size_t streams, std::size_t bytes) {
  streams_->Set(static_cast<double>(streams));
  history_bytes_->Set(static_cast<double>(bytes));
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : collect_process_metrics()) {
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace regent::server
