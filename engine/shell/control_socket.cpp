#include "engine/shell/control_socket.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>
#include <zmq.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/uninterrupted.hpp"
#include "engine/ledger/canonical_json.hpp"

namespace regent::engine {

// A ROUTER that speaks to REQ peers: a REP socket can be brought out of step by peers that do not keep to ask
// and answer, this one has no step.
struct ControlSocket::Socket {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::router};
  std::string peer;  // that waits for the answer to its command

  // The next message's frames; nothing when there is none.
  std::vector<std::string> receive() {
    std::vector<std::string> frames;
    zmq::message_t frame;
    do {
      const bool taken = uninterrupted<zmq::error_t>(
          [&] { return socket.recv(frame, zmq::recv_flags::dontwait).has_value(); });
      if (!taken) return {};
      // what is too long to be an ask is taken off the socket, but not kept
      if (frames.size() <= frames_expected) frames.push_back(frame.to_string());
    } while (frame.more());
    return frames;
  }
  static constexpr std::size_t frames_expected = 3;  // peer, empty, text
};

void permit_local(const std::string& endpoint) {
  const auto begins = [&](std::string_view prefix) { return endpoint.rfind(prefix, 0) == 0; };
  if (begins("ipc://") || begins("inproc://") || begins("tcp://127.") || begins("tcp://[::1]:") ||
      begins("tcp://localhost:")) {
    return;
  }
  throw InputError(
      "control endpoint '" + endpoint +
      "': commands are taken from this machine only; ipc:///run/regent/control or tcp://127.0.0.1:5556 "
      "is right");
}

std::string status_json(const Core& core) {
  nlohmann::json status{{"started", core.started()},
                        {"state", to_text(core.state())},
                        {"hold_causes", core.hold_causes().text()},
                        {"cause", core.latch_cause()},
                        {"bars", core.bars()},
                        {"stream_time", core.bars() > 0 ? format_timestamp(core.stream_ms()) : ""},
                        {"equity", core.equity()},
                        {"drawdown", core.drawdown()},
                        {"open_orders", core.open_orders().size()}};
  return canonical(status);
}

namespace {

std::optional<Command> command_from(std::string_view text) {
  using Kind = Command::Kind;
  if (text == "kill") return Command{Kind::kill, "socket"};
  if (text == "rearm") return Command{Kind::rearm, "socket"};
  if (text == "hold") return Command{Kind::hold, "socket"};
  if (text == "stop") return Command{Kind::shutdown, "socket"};
  return {};
}

}  // namespace

ControlSocket::ControlSocket(const std::string& endpoint) : socket_(std::make_unique<Socket>()) {
  permit_local(endpoint);
  socket_->socket.set(zmq::sockopt::linger, 200);
  socket_->socket.set(zmq::sockopt::maxmsgsize, message_bytes_max);
  socket_->socket.set(zmq::sockopt::rcvhwm, pending_max);
  socket_->socket.set(zmq::sockopt::sndhwm, pending_max);
  try {
    socket_->socket.bind(endpoint);
  } catch (const zmq::error_t& error) {
    throw InputError("control endpoint '" + endpoint + "' cannot be bound: " + error.what());
  }
  endpoint_ = socket_->socket.get(zmq::sockopt::last_endpoint);
  // only the engine's own user may command it
  if (endpoint_.rfind("ipc://", 0) == 0 && ::chmod(endpoint_.c_str() + 6, 0600) != 0) {
    throw InputError("control endpoint '" + endpoint + "' cannot be kept to this user: " +
                     std::strerror(errno) + "; a path such as ipc:///run/regent/control is right");
  }
}

ControlSocket::~ControlSocket() = default;

void ControlSocket::answer(const std::string& text) {
  // a peer that went away meanwhile is not waited for
  const auto part = [&](const std::string& frame, bool more) {
    const auto flags =
        more ? zmq::send_flags::dontwait | zmq::send_flags::sndmore : zmq::send_flags::dontwait;
    return uninterrupted<zmq::error_t>(
        [&] { return socket_->socket.send(zmq::buffer(frame), flags).has_value(); });
  };
  waiting_ = false;
  if (part(socket_->peer, true) && part("", true)) part(text, false);
}

std::optional<Command> ControlSocket::poll(const Core& core) {
  if (waiting_) return {};
  for (int taken = 0; taken < pending_max; ++taken) {
    const std::vector<std::string> frames = socket_->receive();
    if (frames.empty()) return {};
    if (frames.size() < 2) continue;
    socket_->peer = frames[0];
    const bool is_ask = frames.size() == Socket::frames_expected && frames[1].empty();
    const std::string& text = frames.back();
    if (is_ask) {
      if (auto command = command_from(text)) {
        waiting_ = true;
        return command;
      }
    }
    answer(is_ask && text == "status"
               ? status_json(core)
               : "error: unknown command; status, kill, rearm, hold and stop are known");
  }
  return {};
}

void ControlSocket::done(const Core& core) {
  if (waiting_) answer(status_json(core));
}

std::string send_control(const std::string& endpoint, const std::string& command, int timeout_ms) {
  permit_local(endpoint);
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::req};
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndtimeo, timeout_ms);
  socket.set(zmq::sockopt::rcvtimeo, timeout_ms);
  zmq::message_t answer;
  try {
    socket.connect(endpoint);
    if (socket.send(zmq::buffer(command), zmq::send_flags::none) && socket.recv(answer))
      return answer.to_string();
  } catch (const zmq::error_t& error) {
    throw InputError("control endpoint '" + endpoint + "': " + error.what());
  }
  throw RetryableError("no engine answered on " + endpoint + " within " + std::to_string(timeout_ms) + " ms");
}

}  // namespace regent::engine
