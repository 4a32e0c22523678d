#pragma once
// The wire schema as plain structs: encode, decode and verify. Knows no torch and no sockets.

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace regent::wire {

inline constexpr std::uint16_t version = 1;
inline constexpr std::size_t message_bytes_max = 64 << 20;
inline constexpr std::size_t symbols_max = 10'000;
inline constexpr std::size_t bars_per_message_max = 4'096;

enum class Status : std::int8_t { decided = 0, warming = 1, need_history = 2, late = 3, rejected = 4, alive = 5 };
const char* to_text(Status status);

struct Bars {
  std::uint64_t first_sequence = 0;
  std::vector<TimestampMs> timestamps_ms;
  std::vector<double> open, high, low, close, volume;  // [bars, symbols] or empty; close always
};

struct DecisionRequest {
  std::string stream;
  std::uint64_t sequence = 0;  // 0: heartbeat
  std::uint32_t deadline_ms = 0;
  std::vector<std::string> symbols;
  Bars bars;
};

struct DecisionReply {
  std::string stream;
  std::uint64_t sequence = 0;
  Status status = Status::rejected;
  std::string reason;
  std::uint64_t expected_sequence = 0;
  TimestampMs timestamp_ms = 0, expires_ms = 0;
  std::vector<double> weights, convictions, macro_posterior, micro_posterior;
  std::string regime;
  double confidence = 0, predicted_volatility = 0;
  std::string fingerprint;
  TimestampMs bundle_end_ms = 0;
  std::uint64_t compute_us = 0;
};

std::vector<std::uint8_t> encode(const DecisionRequest& request);
std::vector<std::uint8_t> encode(const DecisionReply& reply);
// Verify the buffer, the version, the limits and the shapes. Throw InputError saying which field is wrong.
DecisionRequest decode_request(std::span<const std::uint8_t> bytes);
DecisionReply decode_reply(std::span<const std::uint8_t> bytes);

}  // namespace regent::wire
