#include "engine/shell/commands.hpp"

#include <atomic>
#include <csignal>

#include "base/stop_signal.hpp"

namespace regent::engine {

namespace {

// The handler may run in any thread that does not block the signal, such as one of HTTP's.
std::atomic<bool> kill_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_kill_signal(int) {
  kill_requested = true;
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
  if (kill_requested.exchange(false)) return Command{Command::Kind::kill, "signal"};
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
