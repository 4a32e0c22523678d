#include "engine/shell/commands.hpp"

#include <csignal>

#include "base/stop_signal.hpp"

namespace regent::engine {

namespace {

volatile std::sig_atomic_t kill_requested = 0;

void on_kill_signal(int) {
  kill_requested = 1;
}

}  // namespace

void install_kill_signal() {
  struct sigaction action {};
  action.sa_handler = on_kill_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
}

std::optional<Command> ProcessCommands::poll(const Core& core) {
  from_socket_ = false;
  if (kill_requested != 0) {
    kill_requested = 0;
    return Command{Command::Kind::kill, "signal"};
  }
  if (stop_requested() && !stop_taken_) {
    stop_taken_ = true;
    return Command{Command::Kind::shutdown, "signal"};
  }
  if (socket_ == nullptr) return {};
  std::optional<Command> command = socket_->poll(core);
  from_socket_ = command.has_value();
  return command;
}

void ProcessCommands::done(const Core& core) {
  if (from_socket_) socket_->done(core);
}

}  // namespace regent::engine
