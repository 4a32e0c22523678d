#pragma once
// Messages that are right in every field.

#include <cmath>
#include <limits>

#include "serving/wire/messages.hpp"

namespace regent::wire {

inline DecisionRequest example_request(std::size_t bars = 3, std::uint64_t first_sequence = 1) {
  DecisionRequest request;
  request.stream = "paper-eu";
  request.symbols = {"AAPL", "MSFT"};
  request.deadline_ms = 500;
  request.bars.first_sequence = first_sequence;
  request.sequence = first_sequence + bars - 1;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    request.bars.timestamps_ms.push_back(1'500'000'000'000 + static_cast<TimestampMs>(bar) * 86'400'000);
    for (std::size_t symbol = 0; symbol < 2; ++symbol) {
      const double price = 100 + static_cast<double>(bar) + 10 * static_cast<double>(symbol);
      request.bars.open.push_back(price);
      request.bars.high.push_back(price + 1);
      request.bars.low.push_back(price - 1);
      request.bars.close.push_back(price + 0.5);
      request.bars.volume.push_back(1000 * static_cast<double>(bar));
    }
  }
  return request;
}

inline DecisionReply example_reply() {
  DecisionReply reply;
  reply.stream = "paper-eu";
  reply.sequence = 3;
  reply.status = Status::decided;
  reply.expected_sequence = 4;
  reply.timestamp_ms = 1'500'172'800'000;
  reply.expires_ms = 1'500'604'800'000;
  reply.weights = {0.05, -0.1};
  reply.convictions = {0.5, -1};
  reply.macro_posterior = {0.7, 0.2, 0.1};
  reply.macro_labels = {"calm", "trend", "chaos"};
  reply.micro_posterior = {0.6, 0.1, 0.15, 0.05, 0.06, 0.04};
  reply.regime = "calm";
  reply.confidence = 0.7;
  reply.predicted_volatility = 0.09;
  reply.fingerprint = std::string(64, 'a');
  reply.bundle_end_ms = 1'483'142'400'000;
  reply.compute_us = 321;
  return reply;
}

}  // namespace regent::wire
