#pragma once
// Commands from people and programs: a ZeroMQ REP socket on this machine only. One text frame asks, one
// answers. Asks: status, kill, rearm, hold, stop. Anything else is answered with "error: …" and changes
// nothing.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/shell/ports.hpp"

namespace regent::engine {

class ControlSocket {
 public:
  // Throws InputError for an endpoint that cannot be bound or that other machines could reach.
  explicit ControlSocket(const std::string& endpoint);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  const std::string& endpoint() const { return endpoint_; }  // as bound
  // Answers what needs no step of the core, and returns the first ask that does.
  std::optional<Command> poll(const Core& core);
  void done(const Core& core);  // answers the last command

  static constexpr std::int64_t message_bytes_max = 256;
  static constexpr int pending_max = 16;

 private:
  struct Socket;
  void answer(const std::string& text);
  std::unique_ptr<Socket> socket_;
  std::string endpoint_;
  bool waiting_ = false;
};

// {"state":…,"hold_causes":…,…} on one line.
std::string status_json(const Core& core);
// Throws InputError for an endpoint that is neither ipc nor loopback.
void permit_local(const std::string& endpoint);
// Sends one command and returns the answer. Throws RetryableError when none comes within timeout_ms.
std::string send_control(const std::string& endpoint, const std::string& command, int timeout_ms);

}  // namespace regent::engine
