#include "serving/wire/messages.hpp"

#include <decision_generated.h>

#include <cstring>

#include "base/error.hpp"

namespace regent::wire {
namespace {

constexpr std::size_t message_bytes_min = 12;  // root offset, file identifier, and a table behind them

// FlatBuffers reads scalars in place, so they must lie aligned; a socket's buffer may begin anywhere.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) != 0) {
      copy_.resize((bytes.size() + 7) / 8);
      std::memcpy(copy_.data(), bytes.data(), bytes.size());
      bytes_ = {reinterpret_cast<const std::uint8_t*>(copy_.data()), bytes.size()};
    }
  }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::vector<std::uint64_t> copy_;
};

void check_size(std::size_t size) {
  if (size < message_bytes_min || size > message_bytes_max) {
    throw InputError("a message of " + std::to_string(size) + " bytes; " + std::to_string(message_bytes_min) +
                     " to " + std::to_string(message_bytes_max) + " are allowed");
  }
}

// The root table, every offset and length of which lies inside the buffer.
const flat::Message& verified_message(const AlignedBytes& bytes) {
  check_size(bytes.size());
  if (!flat::MessageBufferHasIdentifier(bytes.data())) {
    throw InputError("the message's file identifier is not RGN1");
  }
  constexpr flatbuffers::uoffset_t depth_max = 8;
  constexpr flatbuffers::uoffset_t tables_max = 8;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), depth_max, tables_max);
  if (!flat::VerifyMessageBuffer(verifier)) {
    throw InputError("the message's structure is broken: an offset or length points outside it");
  }
  return *flat::GetMessage(bytes.data());
}

void check_version(std::uint16_t found) {
  if (found != version) {
    throw InputError("the message's version is " + std::to_string(found) + "; this reader knows " +
                     std::to_string(version));
  }
}

std::string text_of(const char* field, const flatbuffers::String* text, std::size_t bytes_max) {
  if (text == nullptr) {
    return {};
  }
  if (text->size() > bytes_max) {
    throw InputError(std::string(field) + " has " + std::to_string(text->size()) + " bytes; at most " +
                     std::to_string(bytes_max) + " are allowed");
  }
  return text->str();
}

template <typename Value>
std::vector<Value> values_of(const flatbuffers::Vector<Value>* values) {
  return values == nullptr ? std::vector<Value>() : std::vector<Value>(values->begin(), values->end());
}

// Lengths first: many small references may name one large vector, and a refused message is never copied.
void check_lengths(const flat::Bars& bars, std::size_t symbols) {
  const std::size_t count = bars.timestamps_ms() == nullptr ? 0 : bars.timestamps_ms()->size();
  if (count > bars_per_message_max) {
    throw InputError("bars.timestamps_ms has " + std::to_string(count) + " bars; at most " +
                     std::to_string(bars_per_message_max) + " are allowed in one message");
  }
  for (const auto* column : {bars.open(), bars.high(), bars.low(), bars.close(), bars.volume()}) {
    if (column != nullptr && column->size() != 0 && column->size() != count * symbols) {
      throw InputError("a column of bars has " + std::to_string(column->size()) + " values; " +
                       std::to_string(count) + " bars of " + std::to_string(symbols) + " symbols need " +
                       std::to_string(count * symbols));
    }
  }
}

using FlatTexts = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::vector<std::string> texts_of(const char* field, const FlatTexts* values, std::size_t count_max) {
  std::vector<std::string> texts;
  if (values == nullptr) {
    return texts;
  }
  if (values->size() > count_max) {
    throw InputError(std::string(field) + " has " + std::to_string(values->size()) + " entries; at most " +
                     std::to_string(count_max) + " are allowed");
  }
  texts.reserve(values->size());
  for (const auto* text : *values) {
    texts.push_back(text_of(field, text, name_bytes_max));
  }
  return texts;
}

Bars bars_of(const flat::Bars* bars, std::size_t symbols) {
  Bars result;
  if (bars == nullptr) {
    return result;
  }
  check_lengths(*bars, symbols);
  result.first_sequence = bars->first_sequence();
  result.timestamps_ms = values_of(bars->timestamps_ms());
  result.open = values_of(bars->open());
  result.high = values_of(bars->high());
  result.low = values_of(bars->low());
  result.close = values_of(bars->close());
  result.volume = values_of(bars->volume());
  return result;
}

Status status_of(flat::Status status) {
  const auto value = static_cast<std::int8_t>(status);
  if (value < static_cast<std::int8_t>(Status::decided) || value > static_cast<std::int8_t>(Status::alive)) {
    throw InputError("status is " + std::to_string(value) + "; 0 to 5 are known");
  }
  return static_cast<Status>(value);
}

const flatbuffers::Vector<double>* bounded(const char* field, const flatbuffers::Vector<double>* values,
                                           std::size_t count_max) {
  if (values != nullptr && values->size() > count_max) {
    throw InputError(std::string(field) + " has " + std::to_string(values->size()) + " values; at most " +
                     std::to_string(count_max) + " are allowed");
  }
  return values;
}

std::vector<std::uint8_t> finish(flatbuffers::FlatBufferBuilder& builder, flat::Body type,
                                 flatbuffers::Offset<void> body) {
  flat::FinishMessageBuffer(builder, flat::CreateMessage(builder, type, body));
  check_size(builder.GetSize());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

flatbuffers::Offset<flatbuffers::Vector<double>> optional_vector(flatbuffers::FlatBufferBuilder& builder,
                                                                 const std::vector<double>& values) {
  return values.empty() ? 0 : builder.CreateVector(values);
}

flatbuffers::Offset<flat::Bars> write_bars(flatbuffers::FlatBufferBuilder& builder, const Bars& bars) {
  const auto timestamps = builder.CreateVector(bars.timestamps_ms);
  const auto open = optional_vector(builder, bars.open);
  const auto high = optional_vector(builder, bars.high);
  const auto low = optional_vector(builder, bars.low);
  const auto close = optional_vector(builder, bars.close);
  const auto volume = optional_vector(builder, bars.volume);
  return flat::CreateBars(builder, bars.first_sequence, timestamps, open, high, low, close, volume);
}

// Refused before the builder sees it: the builder itself aborts past two gigabytes.
void check_bytes(const DecisionRequest& request) {
  const Bars& bars = request.bars;
  const std::size_t values = bars.timestamps_ms.size() + bars.open.size() + bars.high.size() +
                             bars.low.size() + bars.close.size() + bars.volume.size();
  if (values > message_bytes_max / sizeof(double)) {
    throw InputError("the request's bars need " + std::to_string(values * sizeof(double)) +
                     " bytes; a message has at most " + std::to_string(message_bytes_max) +
                     ": send fewer bars at a time");
  }
}

}  // namespace

std::vector<std::uint8_t> encode(const DecisionRequest& request) {
  check(request);
  check_bytes(request);
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString(request.stream);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> symbols = 0;
  flatbuffers::Offset<flat::Bars> bars = 0;
  if (request.sequence != 0) {
    symbols = builder.CreateVectorOfStrings(request.symbols);
    bars = write_bars(builder, request.bars);
  }
  const auto body = flat::CreateDecisionRequest(builder, version, stream, request.sequence,
                                                request.deadline_ms, symbols, bars);
  return finish(builder, flat::Body::DecisionRequest, body.Union());
}

std::vector<std::uint8_t> encode(const DecisionReply& reply) {
  check(reply);
  flatbuffers::FlatBufferBuilder builder;
  const auto stream = builder.CreateString(reply.stream);
  const auto reason = builder.CreateString(reply.reason);
  const auto weights = optional_vector(builder, reply.weights);
  const auto convictions = optional_vector(builder, reply.convictions);
  const auto macro = optional_vector(builder, reply.macro_posterior);
  const auto micro = optional_vector(builder, reply.micro_posterior);
  const auto labels = builder.CreateVectorOfStrings(reply.macro_labels);
  const auto regime = builder.CreateString(reply.regime);
  const auto fingerprint = builder.CreateString(reply.fingerprint);
  const auto body = flat::CreateDecisionReply(
      builder, version, stream, reply.sequence, static_cast<flat::Status>(reply.status), reason,
      reply.expected_sequence, reply.timestamp_ms, reply.expires_ms, weights, convictions, macro, micro,
      regime, reply.confidence, reply.predicted_volatility, fingerprint, reply.bundle_end_ms, labels,
      reply.compute_us);
  return finish(builder, flat::Body::DecisionReply, body.Union());
}

DecisionRequest decode_request(std::span<const std::uint8_t> bytes) {
  const AlignedBytes aligned(bytes);
  const flat::DecisionRequest* body = verified_message(aligned).body_as_DecisionRequest();
  if (body == nullptr) {
    throw InputError("the message is not a DecisionRequest");
  }
  check_version(body->version());
  DecisionRequest request;
  request.stream = text_of("stream", body->stream(), name_bytes_max);
  request.sequence = body->sequence();
  request.deadline_ms = body->deadline_ms();
  request.symbols = texts_of("symbols", body->symbols(), symbols_max);
  request.bars = bars_of(body->bars(), request.symbols.size());
  check(request);
  return request;
}

DecisionReply decode_reply(std::span<const std::uint8_t> bytes) {
  const AlignedBytes aligned(bytes);
  const flat::DecisionReply* body = verified_message(aligned).body_as_DecisionReply();
  if (body == nullptr) {
    throw InputError("the message is not a DecisionReply");
  }
  check_version(body->version());
  DecisionReply reply;
  reply.stream = text_of("stream", body->stream(), name_bytes_max);
  reply.sequence = body->sequence();
  reply.status = status_of(body->status());
  reply.reason = text_of("reason", body->reason(), reason_bytes_max);
  reply.expected_sequence = body->expected_sequence();
  reply.timestamp_ms = body->timestamp_ms();
  reply.expires_ms = body->expires_ms();
  reply.weights = values_of(bounded("weights", body->weights(), symbols_max));
  reply.convictions = values_of(bounded("convictions", body->convictions(), symbols_max));
  reply.macro_posterior = values_of(bounded("macro_posterior", body->macro_posterior(), states_max));
  reply.micro_posterior = values_of(bounded("micro_posterior", body->micro_posterior(), states_max));
  reply.macro_labels = texts_of("macro_labels", body->macro_labels(), states_max);
  reply.regime = text_of("regime", body->regime(), name_bytes_max);
  reply.confidence = body->confidence();
  reply.predicted_volatility = body->predicted_volatility();
  reply.fingerprint = text_of("fingerprint", body->fingerprint(), name_bytes_max);
  reply.bundle_end_ms = body->bundle_end_ms();
  reply.compute_us = body->compute_us();
  check(reply);
  return reply;
}

std::optional<RequestAddress> address_of_request(std::span<const std::uint8_t> bytes) {
  try {
    const AlignedBytes aligned(bytes);
    const flat::DecisionRequest* body = verified_message(aligned).body_as_DecisionRequest();
    if (body == nullptr) {
      return std::nullopt;
    }
    DecisionRequest heartbeat;  // the one rule that the name must meet
    heartbeat.stream = text_of("stream", body->stream(), name_bytes_max);
    check(heartbeat);
    return RequestAddress{heartbeat.stream, body->sequence()};
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace regent::wire
