#pragma once
// Commands of a running process: SIGTERM and SIGINT stop, SIGUSR1 kills trading, and the control socket when
// there is one.

#include <memory>
#include <optional>

#include "engine/shell/control_socket.hpp"
#include "engine/shell/ports.hpp"

namespace regent::engine {

// SIGUSR1 from here on sets a flag that ProcessCommands reads.
void install_kill_signal();

class ProcessCommands final : public CommandPort {
 public:
  explicit ProcessCommands(std::unique_ptr<ControlSocket> socket) : socket_(std::move(socket)) {}
  std::optional<Command> poll(const Core& core) override;
  void done(const Core& core) override;
  const ControlSocket* socket() const { return socket_.get(); }

 private:
  std::unique_ptr<ControlSocket> socket_;
  bool from_socket_ = false, stop_taken_ = false;
};

}  // namespace regent::engine
