#pragma once
// One stream: its bars, the bundle that decides at its time, and the replies it was given. Knows no sockets
// and no clock; the same bars give the same decisions, whenever and in how many messages they come.

#include <memory>

#include "serving/server/bar_history.hpp"
#include "serving/server/reply_cache.hpp"
#include "serving/server/served_bundles.hpp"
#include "serving/server/settings.hpp"

namespace regent::server {

class StreamState {
 public:
  StreamState(const wire::DecisionRequest& first, const ServedBundles& bundles,
              const ServiceSettings& settings);

  // The bytes that a request for this bar was answered with before, or null.
  const std::vector<std::uint8_t>* earlier_reply(std::uint64_t sequence) const {
    return replies_.find(sequence);
  }

  // Throws Rejection when the request does not fit what was received before. Changes nothing.
  void check_fits(const wire::DecisionRequest& request) const;
  bool has_gap_before(const wire::DecisionRequest& request) const;
  std::size_t new_bytes(
      const wire::DecisionRequest& request) const;     // that observe() would add to the history
  void observe(const wire::DecisionRequest& request);  // REQUIRES check_fits() and no gap

  // Makes the decider for the stream's time. Throws Rejection when that bundle cannot decide for this stream.
  // REQUIRES a bar. decide() calls it by itself.
  void prepare();
  // On the last bar: status decided or warming. The first call, and the first after the time of another
  // bundle began, replay the whole history through that bundle. Throws Rejection when the bundle cannot
  // decide for this stream.
  wire::DecisionReply decide();
  void keep_reply(std::uint64_t sequence, std::vector<std::uint8_t> bytes) {
    replies_.keep(sequence, std::move(bytes));
  }

  std::uint64_t expected_sequence() const { return history_.next_sequence(); }
  std::size_t bytes() const { return history_.bytes(); }
  const BundleLabel& bundle() const;  // that decides, or will be the first to decide, at the stream's time

 private:
  void catch_up();
  wire::DecisionReply reply() const;

  const ServedBundles& bundles_;
  const ServiceSettings& settings_;
  std::string name_;
  BarHistory history_;
  ReplyCache replies_;
  std::unique_ptr<StreamDecider> decider_;
  std::size_t bundle_ = 0;        // of decider_
  std::size_t bars_decided_ = 0;  // that decider_ has seen
  ServedDecision last_;           // after bars_decided_ bars
};

}  // namespace regent::server
