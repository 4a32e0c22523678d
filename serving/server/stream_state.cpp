#include "serving/server/stream_state.hpp"

#include "base/time.hpp"
#include "serving/server/rejection.hpp"

namespace regent::server {

StreamState::StreamState(const wire::DecisionRequest& first, const ServedBundles& bundles,
                         const ServiceSettings& settings)
    : bundles_(bundles),
      settings_(settings),
      name_(first.stream),
      history_(first.symbols, columns_of(first.bars)),
      replies_(settings.reply_cache) {}

bool StreamState::has_gap_before(const wire::DecisionRequest& request) const {
  return request.bars.first_sequence > expected_sequence();
}

void StreamState::check_fits(const wire::DecisionRequest& request) const {
  if (request.symbols != history_.symbols()) {
    throw Rejection(RejectionKind::symbols,
                    "the stream began with " + std::to_string(history_.symbols().size()) +
                        " symbols and this request names " + std::to_string(request.symbols.size()) +
                        ", not all the same; another set of symbols is another stream");
  }
  const market::ColumnSet columns = columns_of(request.bars);
  if (!(columns == history_.columns())) {
    throw Rejection(RejectionKind::columns, "the stream began with " + to_text(history_.columns()) +
                                                " and this request has " + to_text(columns) +
                                                "; other columns are another stream");
  }
  const std::string difference = history_.difference(request.bars);
  if (!difference.empty()) {
    throw Rejection(RejectionKind::differs, difference);
  }
  if (has_gap_before(request) || request.sequence < expected_sequence()) {
    return;
  }
  const TimestampMs first_new_ms =
      request.bars.timestamps_ms[expected_sequence() - request.bars.first_sequence];
  if (history_.bars() > 0 && first_new_ms <= history_.last_timestamp_ms()) {
    throw Rejection(RejectionKind::timestamps, "bar " + std::to_string(expected_sequence()) + " is of " +
                                                   format_timestamp(first_new_ms) +
                                                   ", not after the bar before it of " +
                                                   format_timestamp(history_.last_timestamp_ms()));
  }
  if (request.sequence > settings_.history_bars_max) {
    throw Rejection(RejectionKind::history_full, "the stream would have " + std::to_string(request.sequence) +
                                                     " bars; serving.history_bars_max is " +
                                                     std::to_string(settings_.history_bars_max) +
                                                     ": raise it, or go on under a new stream name");
  }
}

std::size_t StreamState::new_bytes(const wire::DecisionRequest& request) const {
  return request.sequence < expected_sequence()
             ? 0
             : (request.sequence - expected_sequence() + 1) * history_.bytes_per_bar();
}

void StreamState::observe(const wire::DecisionRequest& request) {
  if (request.sequence >= expected_sequence()) {
    history_.append(request.bars);
  }
}

const BundleLabel& StreamState::bundle() const {
  const auto labels = bundles_.labels();
  return labels[history_.bars() == 0 ? 0 : bundle_for(labels, history_.last_timestamp_ms()).value_or(0)];
}

// Before the first bundle's time the first one warms up, so that it is ready when its time comes.
void StreamState::prepare() {
  const std::size_t wanted = bundle_for(bundles_.labels(), history_.last_timestamp_ms()).value_or(0);
  if (decider_ != nullptr && wanted == bundle_) {
    return;
  }
  decider_.reset();
  try {
    decider_ = bundles_.make_decider(wanted, history_.symbols(), history_.columns());
  } catch (const std::exception& error) {
    throw Rejection(RejectionKind::bundle, error.what());
  }
  bundle_ = wanted;
  bars_decided_ = 0;
}

void StreamState::catch_up() {
  try {
    for (; bars_decided_ < history_.bars(); ++bars_decided_) {
      last_ = decider_->update(history_.bar(bars_decided_));
    }
  } catch (const std::exception& error) {
    decider_.reset();  // in an unknown state; the next request begins afresh
    throw Rejection(RejectionKind::decision,
                    "bar " + std::to_string(bars_decided_ + 1) + ": " + error.what());
  }
}

wire::DecisionReply StreamState::reply() const {
  wire::DecisionReply reply;
  reply.stream = name_;
  reply.sequence = history_.bars();
  reply.expected_sequence = expected_sequence();
  reply.timestamp_ms = history_.last_timestamp_ms();
  reply.expires_ms = reply.timestamp_ms + settings_.expiry_bars * history_.median_step_ms();
  reply.fingerprint = bundle().fingerprint;
  reply.bundle_end_ms = bundle().train_end_ms;
  if (last_.warm) {
    reply.macro_labels = bundle().macro_labels;
    reply.macro_posterior = last_.macro_posterior;
    reply.micro_posterior = last_.micro_posterior;
    reply.regime = last_.regime;
    reply.confidence = last_.confidence;
  }
  return reply;
}

wire::DecisionReply StreamState::decide() {
  prepare();
  catch_up();
  wire::DecisionReply answer = reply();
  const TimestampMs serve_from_ms = bundles_.labels()[bundle_].serve_from_ms;
  if (history_.last_timestamp_ms() < serve_from_ms) {
    answer.status = wire::Status::warming;
    answer.reason = "the first bundle may decide from " + format_timestamp(serve_from_ms);
  } else if (!last_.warm) {
    answer.status = wire::Status::warming;
    answer.reason = "not enough bars yet";
  } else {
    answer.status = wire::Status::decided;
    answer.weights = last_.weights;
    answer.convictions = last_.convictions;
    answer.predicted_volatility = last_.predicted_volatility;
    if (answer.weights.size() != history_.symbols().size()) {
      throw Rejection(RejectionKind::decision, "the bundle gave " + std::to_string(answer.weights.size()) +
                                                   " weights for " +
                                                   std::to_string(history_.symbols().size()) + " symbols");
    }
  }
  return answer;
}

}  // namespace regent::server
