#pragma once
// What a session did, as Prometheus metrics and as a summary for its end. Written by the session's thread,
// read by the HTTP threads.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/shell/ports.hpp"
#include "serving/http/http_endpoint.hpp"

namespace regent::engine {

class Telemetry final : public SessionListener {
 public:
  Telemetry();
  ~Telemetry() override;

  void on_step(const Event& event, const std::vector<Action>& actions, const Core& core) override;
  void on_commit(std::uint64_t ledger_rows) override;

  http::HttpPages pages() const;  // /health, 503 once the ledger failed, and /metrics; from any thread
  std::string metrics() const;    // Prometheus text; from any thread
  std::string health() const;     // JSON; from any thread
  bool healthy() const;           // false once the ledger failed; from any thread
  // Some lines for people; from the session's thread.
  std::string summary(const Core& core) const;

  static constexpr std::size_t latencies_max = 1'000'000;  // kept for the summary's quantiles

 private:
  struct Metrics;
  struct Counts {
    std::uint64_t bars = 0, traded_bars = 0, decisions = 0, missed = 0, orders = 0, fills = 0, rejected = 0,
                  cancelled = 0, ledger_rows = 0;
    std::map<std::string, std::uint64_t> denials;  // "gate: reason"
    std::map<std::string, std::uint64_t> bars_in_state;
  };
  void note_event(const Event& event);
  void note_action(const Action& action);

  std::unique_ptr<Metrics> metrics_;
  Counts counts_;
  std::vector<double> latencies_s_;
  mutable std::mutex mutex_;
  std::string health_;
  bool ledger_failed_ = false;
};

}  // namespace regent::engine
