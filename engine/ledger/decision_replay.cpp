#include "engine/ledger/decision_replay.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.hpp"
#include "engine/ledger/event_json.hpp"
#include "engine/ledger/reader.hpp"

namespace regent::engine {

namespace {

constexpr std::uint32_t deadline_ms = 600'000;

bool same(double left, double right) {
  return (std::isnan(left) && std::isnan(right)) ||
         std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}

bool same(const std::vector<double>& left, const std::vector<double>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same(left[i], right[i])) return false;
  }
  return true;
}

// The first field that differs, or nothing.
std::string difference(const DecisionArrived& recorded, const wire::DecisionReply& reply) {
  const bool decided = recorded.status == DecisionArrived::Status::decided;
  if (reply.status != (decided ? wire::Status::decided : wire::Status::warming)) {
    return std::string("status: recorded ") + to_text(recorded.status) + ", now " + to_text(reply.status) +
           (reply.reason.empty() ? "" : " (" + reply.reason + ")");
  }
  if (recorded.timestamp_ms != reply.timestamp_ms) return "timestamp_ms";
  if (recorded.fingerprint != reply.fingerprint) {
    return "fingerprint: recorded " + recorded.fingerprint + ", now " + reply.fingerprint +
           " (another bundle)";
  }
  if (!same(recorded.weights, reply.weights)) return "weights";
  if (!same(recorded.convictions, reply.convictions)) return "convictions";
  if (!same(recorded.macro_posterior, reply.macro_posterior)) return "macro_posterior";
  if (!same(recorded.micro_posterior, reply.micro_posterior)) return "micro_posterior";
  if (recorded.macro_labels != reply.macro_labels) return "macro_labels";
  if (recorded.regime != reply.regime) return "regime";
  if (!same(recorded.confidence, reply.confidence)) return "confidence";
  if (!same(recorded.predicted_volatility, reply.predicted_volatility)) return "predicted_volatility";
  if (recorded.expires_ms != reply.expires_ms) return "expires_ms";
  if (recorded.bundle_end_ms != reply.bundle_end_ms) return "bundle_end_ms";
  return {};
}

// Bars as they were recorded, decisions by bar; both in one walk.
class DecisionWalk {
 public:
  DecisionWalk(std::string stream,
               const std::function<wire::DecisionReply(const wire::DecisionRequest&)>& send)
      : stream_(std::move(stream)), send_(send) {}

  void row(const LedgerRow& row) {
    if (row.kind != "started" && row.kind != "bar" && row.kind != "decision") return;
    const Event event = event_from(row.kind, nlohmann::json::parse(row.payload));
    if (const auto* started = std::get_if<Started>(&event)) request_.symbols = started->settings.symbols;
    if (const auto* bar = std::get_if<Bar>(&event)) add(*bar);
    if (const auto* decision = std::get_if<DecisionArrived>(&event)) ask(*decision);
  }
  const DecisionReplay& result() const { return result_; }

 private:
  void add(const Bar& bar) {
    if (request_.bars.timestamps_ms.empty()) request_.bars.first_sequence = bar.sequence;
    request_.bars.timestamps_ms.push_back(bar.timestamp_ms);
    const std::array<std::vector<double>*, market::column_count> columns{
        &request_.bars.open, &request_.bars.high, &request_.bars.low, &request_.bars.close,
        &request_.bars.volume};
    for (std::size_t c = 0; c < columns.size(); ++c) {
      columns[c]->insert(columns[c]->end(), bar.columns[c].begin(), bar.columns[c].end());
    }
    ++result_.bars;
    if (request_.bars.timestamps_ms.size() >= bars_per_message()) send();
  }
  std::size_t bars_per_message() const {
    const std::size_t bytes = request_.symbols.size() * market::column_count * sizeof(double) + 64;
    return std::clamp<std::size_t>(wire::message_bytes_max / 2 / bytes, 1, wire::bars_per_message_max);
  }
  void send() {
    if (request_.bars.timestamps_ms.empty()) return;
    request_.stream = stream_;
    request_.deadline_ms = deadline_ms;
    request_.sequence = request_.bars.first_sequence + request_.bars.timestamps_ms.size() - 1;
    last_ = send_(request_);
    if (last_.status == wire::Status::rejected || last_.status == wire::Status::need_history) {
      throw InputError("the server refuses bar " + std::to_string(request_.sequence) + ": " + last_.reason);
    }
    request_.bars = {};
  }
  void ask(const DecisionArrived& recorded) {
    send();
    if (recorded.status == DecisionArrived::Status::refused) return;
    ++result_.compared;
    const std::string what = recorded.sequence == last_.sequence ? difference(recorded, last_) : "sequence";
    if (what.empty()) {
      ++result_.equal;
    } else if (result_.difference.empty()) {
      result_.difference = "bar " + std::to_string(recorded.sequence) + " of " +
                           format_timestamp(recorded.timestamp_ms) + ": " + what;
    }
  }

  std::string stream_;
  const std::function<wire::DecisionReply(const wire::DecisionRequest&)>& send_;
  wire::DecisionRequest request_;
  wire::DecisionReply last_;
  DecisionReplay result_;
};

}  // namespace

DecisionReplay replay_decisions(
    const std::filesystem::path& ledger, const std::string& stream,
    const std::function<wire::DecisionReply(const wire::DecisionRequest&)>& send) {
  LedgerReader reader(ledger);
  DecisionWalk walk(stream, send);
  reader.for_each([&](const LedgerRow& row) {
    walk.row(row);
    return true;
  });
  return walk.result();
}

}  // namespace regent::engine
