#pragma once
// What can happen to the engine: the inputs of Core::step, each of them one row of the ledger.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/bar.hpp"
#include "engine/core/order.hpp"
#include "engine/core/settings.hpp"

namespace regent::engine {

// A process begins to serve the stream, for the first time or again after a stop or a crash.
struct Started {
  CoreSettings settings;
  double fee_fraction = 0;  // of the paper venue
  double slippage_fraction = 0;
  bool asks_again = false;  // an unanswered request is asked again (replay) instead of counted as late (live)
  bool ledger_failed = false;  // the previous process could not write its ledger
  std::string version;         // of the program
};

// The answer to a request, or what is left of it when it was no decision.
struct DecisionArrived {
  enum class Status : std::uint8_t { decided, warming, refused };
  std::uint64_t sequence = 0;
  Status status = Status::refused;
  std::string reason;
  TimestampMs timestamp_ms = 0, expires_ms = 0;
  std::vector<double> weights, convictions, macro_posterior,
      micro_posterior;                    // weights, convictions: [symbols]
  std::vector<std::string> macro_labels;  // [macros]
  std::string regime;
  double confidence = 0, predicted_volatility = 0;
  std::string fingerprint;
  TimestampMs bundle_end_ms = 0;
  // observations, which the core never looks at
  std::uint64_t compute_us = 0;
  std::int64_t latency_ns = 0;  // from sending to receiving, monotonic
};
const char* to_text(DecisionArrived::Status status);

struct HeartbeatSeen {};  // the server answers (again)
struct HeartbeatLost {};  // it has been silent for too long
struct FeedLost {};       // the live feed has been silent for too long
struct LedgerFailed {
  std::string reason;
};
struct Command {
  enum class Kind : std::uint8_t { kill, rearm, hold, shutdown };
  Kind kind = Kind::kill;
  std::string source;  // "signal", "socket", …
};
const char* to_text(Command::Kind kind);
struct Timer {};    // looks at the deadline of the pending request
struct Stopped {};  // a clean end of the process

using Event = std::variant<Started, Bar, DecisionArrived, HeartbeatSeen, HeartbeatLost, FeedLost, OrderUpdate,
                           LedgerFailed, Command, Timer, Stopped>;

}  // namespace regent::engine
