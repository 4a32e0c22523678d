#pragma once
// Asks a server for decisions over ZeroMQ (DEALER to ROUTER). Never blocks, never queues without a limit, knows nothing
// of torch. One thread. Reconnects by itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "serving/wire/messages.hpp"

namespace regent::client {

struct ClientSettings {
  std::string endpoint = "tcp://127.0.0.1:5555";
  std::string stream = "default";
  int pending_max = 64;  // messages that may wait in the socket; more are refused
};

class DecisionClient {
 public:
  explicit DecisionClient(const ClientSettings& settings);
  ~DecisionClient();
  DecisionClient(DecisionClient&&) noexcept;

  // False when the outgoing queue is full or no peer is connected: the caller tries again later or holds.
  bool send(const wire::DecisionRequest& request);
  bool send_heartbeat();
  // Waits up to timeout_ms for the next reply. A malformed reply is an InputError.
  std::optional<wire::DecisionReply> receive(int timeout_ms);
  int poll_descriptor() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::client
