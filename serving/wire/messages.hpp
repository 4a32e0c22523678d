#pragma once
// The wire schema as plain structs: encode, decode and verify. Knows no torch and no sockets.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace regent::wire {

inline constexpr std::uint16_t version = 1;
inline constexpr std::size_t message_bytes_max = 64 << 20;
inline constexpr std::size_t symbols_max = 10'000;
inline constexpr std::size_t bars_per_message_max = 4'096;
inline constexpr std::size_t name_bytes_max = 128;  // stream, symbol, regime, fingerprint
inline constexpr std::size_t reason_bytes_max = 2'048;
inline constexpr std::size_t states_max = 4'096;  // of a posterior
inline constexpr std::uint32_t deadline_ms_max = 3'600'000;

enum class Status : std::int8_t {
  decided = 0,
  warming = 1,
  need_history = 2,
  late = 3,
  rejected = 4,
  alive = 5
};
const char* to_text(Status status);

struct Bars {
  std::uint64_t first_sequence = 0;
  std::vector<TimestampMs> timestamps_ms;
  std::vector<double> open, high, low, close, volume;  // [bars, symbols] or empty; close always

  bool operator==(const Bars&) const = default;
};

struct DecisionRequest {
  std::string stream;
  std::uint64_t sequence = 0;  // 0: heartbeat
  std::uint32_t deadline_ms = 0;
  std::vector<std::string> symbols;
  Bars bars;

  bool operator==(const DecisionRequest&) const = default;
};

struct DecisionReply {
  std::string stream;
  std::uint64_t sequence = 0;
  Status status = Status::rejected;
  std::string reason;
  std::uint64_t expected_sequence = 0;
  TimestampMs timestamp_ms = 0, expires_ms = 0;
  std::vector<double> weights, convictions, macro_posterior, micro_posterior;
  std::vector<std::string> macro_labels;  // of macro_posterior's entries
  std::string regime;
  double confidence = 0, predicted_volatility = 0;  // the latter is NaN when it is unknown
  std::string fingerprint;
  TimestampMs bundle_end_ms = 0;
  std::uint64_t compute_us = 0;

  bool operator==(const DecisionReply&) const = default;
};

// What both sides demand, before sending and after receiving. Throw InputError naming the field, the value
// and what would be right.
//   every text is UTF-8 without control characters, so that it may go into logs and JSON;
//   request: stream and symbols 1..name_bytes_max bytes; sequence 0 (heartbeat) without bars and
//   symbols, else 1..symbols_max symbols sorted and unique, a deadline
//   in 1..deadline_ms_max, 1..bars_per_message_max bars ending at `sequence`, timestamps strictly increasing
//   within the years 1..9999, closes [bars, symbols], the other columns the same or empty; a price is NaN
//   (missing) or finite and positive, a volume NaN or finite and not negative. reply: a decision has finite
//   weights and convictions of one length, finite posteriors in [0, 1], a fingerprint, and does not expire
//   before its bar; everything that is not a decision has no weights.
void check(const DecisionRequest& request);
void check(const DecisionReply& reply);
// Any text as a reason that check() accepts: other bytes become '?', the end is cut at reason_bytes_max.
std::string printable_reason(std::string_view text);

// Throw InputError for what check() refuses and for a message larger than message_bytes_max.
std::vector<std::uint8_t> encode(const DecisionRequest& request);
std::vector<std::uint8_t> encode(const DecisionReply& reply);
// Verify the buffer, the version, the limits and the shapes. Throw InputError saying which field is wrong.
// The bytes may lie at any alignment.
DecisionRequest decode_request(std::span<const std::uint8_t> bytes);
DecisionReply decode_reply(std::span<const std::uint8_t> bytes);

// Whom a rejection goes to when decode_request throws: the stream and sequence of a request whose structure
// is sound and whose stream name is usable, whatever else is wrong with it.
struct RequestAddress {
  std::string stream;
  std::uint64_t sequence = 0;
};
std::optional<RequestAddress> address_of_request(std::span<const std::uint8_t> bytes);

}  // namespace regent::wire
