#pragma once
// What a session needs of the world, so that tests can put their own world in its place.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/core.hpp"
#include "serving/wire/messages.hpp"

namespace regent::engine {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ns() = 0;  // monotonic
};

// The server, as serving/client/decision_client.hpp shows it.
class DecisionPort {
 public:
  virtual ~DecisionPort() = default;
  virtual bool send(const wire::DecisionRequest& request) = 0;
  virtual bool send_heartbeat() = 0;
  // Waits up to timeout_ms. Throws InputError for a malformed reply.
  virtual std::optional<wire::DecisionReply> receive(int timeout_ms) = 0;
};

// Where people's commands come from: signals and the control socket.
class CommandPort {
 public:
  virtual ~CommandPort() = default;
  // The next command, or nothing. Never waits. Status questions are answered inside.
  virtual std::optional<Command> poll(const Core& core) = 0;
  // The command of the last poll was carried out and recorded.
  virtual void done(const Core& core) = 0;
};

// Looks on, for metrics and summaries.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  virtual void on_step(const Event& event, const std::vector<Action>& actions, const Core& core) = 0;
  virtual void on_commit(std::uint64_t ledger_rows) = 0;
};

}  // namespace regent::engine
