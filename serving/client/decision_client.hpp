#pragma once
// Asks a server for decisions over ZeroMQ (DEALER to ROUTER). Never blocks, never queues without a limit,
// knows nothing of torch. One thread. Reconnects by itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "serving/wire/messages.hpp"

namespace regent::client {

struct ClientSettings {
  std::string endpoint = "tcp://127.0.0.1:5555";
  std::string stream = "default";
  int pending_max = 64;  // messages that may wait in the socket; more are refused; 1 at least
};

class DecisionClient {
 public:
  explicit DecisionClient(
      const ClientSettings& settings);  // throws InputError for an endpoint that cannot be
  ~DecisionClient();
  DecisionClient(DecisionClient&&) noexcept;

  // False when the outgoing queue is full or no peer is connected: the caller tries again later or holds.
  // Throws InputError for what wire::check refuses and for a request of another stream.
  bool send(const wire::DecisionRequest& request);
  bool send_heartbeat();
  // Waits up to timeout_ms (0: only looks) for the next reply; nothing after that or when a signal came. A
  // malformed reply and one for another stream are an InputError; the next call goes on with the reply behind
  // it.
  std::optional<wire::DecisionReply> receive(int timeout_ms);
  // For poll loops. It is edge-triggered (ZMQ_FD): when it is readable, and once before waiting on it, call
  // receive(0) until it returns nothing.
  int poll_descriptor() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::client
