#pragma once
// The real server behind DecisionPort, and the real clock.

#include "base/time.hpp"
#include "engine/shell/ports.hpp"
#include "serving/client/decision_client.hpp"

namespace regent::engine {

class ServerPort final : public DecisionPort {
 public:
  ServerPort(const std::string& endpoint, const std::string& stream) : client_({endpoint, stream}) {}
  bool send(const wire::DecisionRequest& request) override { return client_.send(request); }
  bool send_heartbeat() override { return client_.send_heartbeat(); }
  std::optional<wire::DecisionReply> receive(int timeout_ms) override { return client_.receive(timeout_ms); }

 private:
  client::DecisionClient client_;
};

class MonotonicClock final : public Clock {
 public:
  std::int64_t now_ns() override { return monotonic_ns(); }
};

}  // namespace regent::engine
