#include "serving/server/decision_service.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"

namespace regent::server {
namespace {

// What every reply about this bundle will carry, so that no reply can fail for it later.
void check_label(const BundleLabel& label) {
  wire::DecisionReply reply;
  reply.stream = "bundle";
  reply.fingerprint = label.fingerprint;
  reply.bundle_end_ms = label.train_end_ms;
  reply.macro_labels = label.macro_labels;
  reply.macro_posterior.assign(label.macro_labels.size(), 0.0);
  try {
    wire::check(reply);
  } catch (const InputError& error) {
    throw InputError("bundle " + label.fingerprint + " cannot be served: " + error.what());
  }
}

}  // namespace

DecisionService::DecisionService(const ServedBundles& bundles, const ServiceSettings& settings,
                                 Metrics& metrics, std::function<std::int64_t()> monotonic_ns)
    : bundles_(bundles), settings_(settings), metrics_(metrics), monotonic_ns_(std::move(monotonic_ns)) {
  REGENT_INVARIANT(!bundles_.labels().empty(), "a server needs a bundle");
  for (const BundleLabel& label : bundles_.labels()) {
    check_label(label);
  }
}

std::optional<std::vector<std::uint8_t>> DecisionService::handle(std::span<const std::uint8_t> message,
                                                                 std::int64_t arrival_ns) {
  wire::DecisionRequest request;
  try {
    request = wire::decode_request(message);
  } catch (const InputError& error) {
    const auto address = wire::address_of_request(message);
    if (!address) {
      metrics_.count_unreadable();
      spdlog::debug("unreadable message of {} bytes: {}", message.size(), error.what());
      return std::nullopt;
    }
    return reject(address->stream, address->sequence, Rejection(RejectionKind::malformed, error.what()),
                  arrival_ns);
  }
  try {
    return answer(request, arrival_ns);
  } catch (const Rejection& rejection) {
    return reject(request.stream, request.sequence, rejection, arrival_ns);
  }
}

DecisionService::Bytes DecisionService::answer(const wire::DecisionRequest& request,
                                               std::int64_t arrival_ns) {
  return request.sequence == 0 ? alive(request, arrival_ns)
                               : answer_bars(request, arrival_ns, monotonic_ns_());
}

DecisionService::Bytes DecisionService::answer_bars(const wire::DecisionRequest& request,
                                                    std::int64_t arrival_ns, std::int64_t began_ns) {
  StreamState* state = find(request.stream);
  if (state == nullptr && request.bars.first_sequence != 1) {
    return simple(request, wire::Status::need_history, "the server does not hold this stream", arrival_ns);
  }
  if (state != nullptr) {
    state->check_fits(request);
    if (const Bytes* earlier = state->earlier_reply(request.sequence)) {
      metrics_.count_repeat();
      return *earlier;
    }
    if (request.sequence + 1 < state->expected_sequence()) {
      throw Rejection(RejectionKind::older,
                      "bar " + std::to_string(request.sequence) + " lies before the last one, " +
                          std::to_string(state->expected_sequence() - 1) + ", and no reply about it is kept");
    }
    if (state->has_gap_before(request)) {
      return simple(request, wire::Status::need_history,
                    "bars " + std::to_string(state->expected_sequence()) + " to " +
                        std::to_string(request.bars.first_sequence - 1) + " are missing",
                    arrival_ns);
    }
    observe(*state, request);
    return decide(*state, request, arrival_ns, began_ns);
  }
  return decide(open_stream(request), request, arrival_ns, began_ns);
}

// A stream enters the table only when a bundle can decide for it.
StreamState& DecisionService::open_stream(const wire::DecisionRequest& request) {
  auto state = std::make_unique<StreamState>(request, bundles_, settings_);
  state->check_fits(request);
  state->observe(request);
  state->prepare();
  make_room(request.stream, state->bytes(), 1);
  history_bytes_ += state->bytes();
  Entry& entry = streams_[request.stream];
  entry.state = std::move(state);
  entry.used = ++uses_;
  metrics_.count_bars(request.bars.timestamps_ms.size());
  metrics_.show_streams(streams_.size(), history_bytes_);
  if (log_limit_.permits(monotonic_ns_())) {
    spdlog::info("stream {} begins: {} symbols", request.stream, request.symbols.size());
  }
  return *entry.state;
}

DecisionService::Bytes DecisionService::decide(StreamState& state, const wire::DecisionRequest& request,
                                               std::int64_t arrival_ns, std::int64_t began_ns) {
  if (began_ns - arrival_ns > request.deadline_ms * ns_per_ms) {
    return simple(request, wire::Status::late,
                  "waited " + std::to_string((began_ns - arrival_ns) / ns_per_ms) + " ms of " +
                      std::to_string(request.deadline_ms) + "; the bars were kept",
                  arrival_ns);
  }
  wire::DecisionReply reply = state.decide();
  reply.compute_us =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, monotonic_ns_() - began_ns)) / 1'000;
  Bytes bytes;
  try {
    bytes = finish(reply, arrival_ns);
  } catch (const Rejection&) {
    throw;
  } catch (const InputError& error) {
    throw Rejection(RejectionKind::decision,
                    std::string("the bundle's decision is not usable: ") + error.what());
  }
  state.keep_reply(request.sequence, bytes);
  return bytes;
}

DecisionService::Bytes DecisionService::alive(const wire::DecisionRequest& request, std::int64_t arrival_ns) {
  const StreamState* state = find(request.stream);
  const BundleLabel& label = state == nullptr ? bundles_.labels().back() : state->bundle();
  wire::DecisionReply reply;
  reply.stream = request.stream;
  reply.status = wire::Status::alive;
  reply.expected_sequence = expected_sequence(request.stream);
  reply.fingerprint = label.fingerprint;
  reply.bundle_end_ms = label.train_end_ms;
  return finish(reply, arrival_ns);
}

DecisionService::Bytes DecisionService::simple(const wire::DecisionRequest& request, wire::Status status,
                                               const std::string& reason, std::int64_t arrival_ns) {
  wire::DecisionReply reply;
  reply.stream = request.stream;
  reply.sequence = request.sequence;
  reply.status = status;
  reply.reason = wire::printable_reason(reason);
  reply.expected_sequence = expected_sequence(request.stream);
  return finish(reply, arrival_ns);
}

DecisionService::Bytes DecisionService::reject(const std::string& stream, std::uint64_t sequence,
                                               const Rejection& rejection, std::int64_t arrival_ns) {
  metrics_.count_rejection(rejection.kind());
  if (log_limit_.permits(monotonic_ns_())) {
    spdlog::warn("stream {}, sequence {}: rejected ({}): {}", stream, sequence, to_text(rejection.kind()),
                 rejection.what());
  }
  wire::DecisionRequest about;
  about.stream = stream;
  about.sequence = sequence;
  return simple(about, wire::Status::rejected, rejection.what(), arrival_ns);
}

DecisionService::Bytes DecisionService::finish(const wire::DecisionReply& reply, std::int64_t arrival_ns) {
  Bytes bytes = wire::encode(reply);
  metrics_.count_reply(reply.status, static_cast<double>(monotonic_ns_() - arrival_ns) * 1e-9);
  return bytes;
}

StreamState* DecisionService::find(const std::string& stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) {
    return nullptr;
  }
  found->second.used = ++uses_;
  return found->second.state.get();
}

std::uint64_t DecisionService::expected_sequence(const std::string& stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 1 : found->second.state->expected_sequence();
}

void DecisionService::observe(StreamState& state, const wire::DecisionRequest& request) {
  const std::size_t bytes = state.new_bytes(request);
  if (bytes == 0) {
    return;
  }
  make_room(request.stream, bytes, 0);
  const std::uint64_t before = state.expected_sequence();
  state.observe(request);
  history_bytes_ += bytes;
  metrics_.count_bars(state.expected_sequence() - before);
  metrics_.show_streams(streams_.size(), history_bytes_);
}

// Forgets the least recently used other streams until `bytes` more and `streams` more fit.
void DecisionService::make_room(const std::string& stream, std::size_t bytes, std::size_t streams) {
  const auto own = streams_.find(stream);
  const std::size_t own_bytes = own == streams_.end() ? 0 : own->second.state->bytes();
  if (own_bytes + bytes > settings_.history_bytes_max) {
    throw Rejection(RejectionKind::history_full, "the stream's bars would need " +
                                                     std::to_string(own_bytes + bytes) +
                                                     " bytes; serving.history_megabytes_max is " +
                                                     std::to_string(settings_.history_bytes_max >> 20));
  }
  while (streams_.size() + streams > settings_.streams_max ||
         history_bytes_ + bytes > settings_.history_bytes_max) {
    auto oldest = streams_.end();
    for (auto it = streams_.begin(); it != streams_.end(); ++it) {
      if (it != own && (oldest == streams_.end() || it->second.used < oldest->second.used)) {
        oldest = it;
      }
    }
    REGENT_INVARIANT(oldest != streams_.end(), "no stream left to make room, yet there is none");
    if (log_limit_.permits(monotonic_ns_())) {
      spdlog::warn("stream {} is forgotten to make room for {}", oldest->first, stream);
    }
    history_bytes_ -= oldest->second.state->bytes();
    streams_.erase(oldest);
    metrics_.count_evicted_stream();
  }
}

}  // namespace regent::server
