#pragma once
// Message in, reply out. One thread. Knows no sockets; the clock is given.
//
// Order of judgement: malformed → unknown stream that does not begin at bar 1 (need_history) → does not fit
// what was received before (rejected) → answered before (the same bytes again) → gap (need_history) → its
// bars are kept → too late (late) → decided or warming. A late request's bars are kept, so the next one finds
// the state right, and the same request may come again in time.

#include <functional>
#include <optional>
#include <unordered_map>

#include "serving/server/log_limit.hpp"
#include "serving/server/metrics.hpp"
#include "serving/server/stream_state.hpp"

namespace regent::server {

class DecisionService {
 public:
  // Throws InputError for a bundle whose label no reply can carry. The references must outlive the service.
  // monotonic_ns: for deadlines and the reply's compute_us.
  DecisionService(const ServedBundles& bundles, const ServiceSettings& settings, Metrics& metrics,
                  std::function<std::int64_t()> monotonic_ns);

  // `arrival_ns`: when the message came, on the same clock. Nothing: it is unreadable, and counted. Never
  // throws for what came from outside.
  std::optional<std::vector<std::uint8_t>> handle(std::span<const std::uint8_t> message,
                                                  std::int64_t arrival_ns);

  std::size_t streams() const { return streams_.size(); }

 private:
  struct Entry {
    std::unique_ptr<StreamState> state;
    std::uint64_t used = 0;  // counts up; the smallest was used least recently
  };
  using Bytes = std::vector<std::uint8_t>;

  Bytes answer(const wire::DecisionRequest& request, std::int64_t arrival_ns);
  Bytes answer_bars(const wire::DecisionRequest& request, std::int64_t arrival_ns, std::int64_t began_ns);
  Bytes decide(StreamState& state, const wire::DecisionRequest& request, std::int64_t arrival_ns,
               std::int64_t began_ns);
  Bytes alive(const wire::DecisionRequest& request, std::int64_t arrival_ns);
  Bytes reject(const std::string& stream, std::uint64_t sequence, const Rejection& rejection,
               std::int64_t arrival_ns);
  Bytes simple(const wire::DecisionRequest& request, wire::Status status, const std::string& reason,
               std::int64_t arrival_ns);
  Bytes finish(const wire::DecisionReply& reply, std::int64_t arrival_ns);

  StreamState* find(const std::string& stream);
  StreamState& open_stream(const wire::DecisionRequest& request);
  void observe(StreamState& state, const wire::DecisionRequest& request);
  void make_room(const std::string& stream, std::size_t bytes, std::size_t streams);
  std::uint64_t expected_sequence(const std::string& stream) const;

  const ServedBundles& bundles_;
  const ServiceSettings settings_;
  Metrics& metrics_;
  std::function<std::int64_t()> monotonic_ns_;
  std::unordered_map<std::string, Entry> streams_;
  std::uint64_t uses_ = 0;
  std::size_t history_bytes_ = 0;
  LogLimit log_limit_;
};

}  // namespace regent::server
