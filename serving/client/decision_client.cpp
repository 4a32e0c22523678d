#include "serving/client/decision_client.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <zmq.hpp>

#include "base/error.hpp"
#include "base/uninterrupted.hpp"

namespace regent::client {
namespace {

constexpr int reconnect_ms = 50;
constexpr int reconnect_ms_max = 1'000;
constexpr int heartbeat_ms = 1'000;  // of the connection itself: finds a peer that vanished without a word
constexpr int heartbeat_timeout_ms = 3'000;

void set_limits(zmq::socket_t& socket, const ClientSettings& settings) {
  socket.set(zmq::sockopt::linger, 0);        // closing never waits for an absent peer
  socket.set(zmq::sockopt::immediate, true);  // nothing is queued for a peer that is not there
  socket.set(zmq::sockopt::sndhwm, settings.pending_max);
  socket.set(zmq::sockopt::rcvhwm, settings.pending_max);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(wire::message_bytes_max));
  socket.set(zmq::sockopt::reconnect_ivl, reconnect_ms);
  socket.set(zmq::sockopt::reconnect_ivl_max, reconnect_ms_max);
  socket.set(zmq::sockopt::heartbeat_ivl, heartbeat_ms);
  socket.set(zmq::sockopt::heartbeat_timeout, heartbeat_timeout_ms);
}

void check_settings(const ClientSettings& settings) {
  wire::DecisionRequest heartbeat;  // the rule for stream names stands there
  heartbeat.stream = settings.stream;
  wire::check(heartbeat);
  if (settings.pending_max < 1) {
    throw InputError("pending_max is " + std::to_string(settings.pending_max) + "; at least 1 is needed");
  }
}

}  // namespace

struct DecisionClient::State {
  ClientSettings settings;
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};

  bool take_frame(zmq::message_t& frame) {
    return uninterrupted<zmq::error_t>(
        [&] { return socket.recv(frame, zmq::recv_flags::dontwait).has_value(); });
  }

  // Takes the next whole message, or false when there is none. `single`: it had one frame.
  bool take(zmq::message_t& frame, bool& single) {
    if (!take_frame(frame)) {
      return false;
    }
    single = !frame.more();
    zmq::message_t rest;
    for (bool more = frame.more(); more; more = rest.more()) {
      if (!take_frame(rest)) {
        break;
      }
    }
    return true;
  }

  void check_addressed_to_us(const wire::DecisionReply& reply) const {
    if (reply.stream != settings.stream) {
      throw InputError("a reply for stream '" + reply.stream + "' reached the client of stream '" +
                       settings.stream + "'");
    }
  }
};

DecisionClient::DecisionClient(const ClientSettings& settings) : state_(std::make_unique<State>()) {
  check_settings(settings);
  state_->settings = settings;
  set_limits(state_->socket, settings);
  try {
    state_->socket.connect(settings.endpoint);
  } catch (const zmq::error_t& error) {
    throw InputError("cannot connect to '" + settings.endpoint + "': " + error.what() +
                     "; an endpoint looks like tcp://127.0.0.1:5555 or ipc:///run/regent.sock");
  }
}

DecisionClient::~DecisionClient() = default;
DecisionClient::DecisionClient(DecisionClient&&) noexcept = default;

bool DecisionClient::send(const wire::DecisionRequest& request) {
  if (request.stream != state_->settings.stream) {
    throw InputError("a request of stream '" + request.stream + "' given to the client of stream '" +
                     state_->settings.stream + "'");
  }
  const std::vector<std::uint8_t> bytes = wire::encode(request);
  return uninterrupted<zmq::error_t>([&] {
    return state_->socket.send(zmq::const_buffer(bytes.data(), bytes.size()), zmq::send_flags::dontwait)
        .has_value();
  });
}

bool DecisionClient::send_heartbeat() {
  wire::DecisionRequest heartbeat;
  heartbeat.stream = state_->settings.stream;
  return send(heartbeat);
}

std::optional<wire::DecisionReply> DecisionClient::receive(int timeout_ms) {
  zmq::message_t frame;
  bool single = false;
  if (!state_->take(frame, single)) {
    zmq::pollitem_t item{state_->socket.handle(), 0, ZMQ_POLLIN, 0};
    try {
      zmq::poll(&item, 1, std::chrono::milliseconds(std::max(0, timeout_ms)));
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) {  // a signal: the caller looks at its stop flag
        throw;
      }
      return std::nullopt;
    }
    if (!state_->take(frame, single)) {
      return std::nullopt;
    }
  }
  if (!single) {
    throw InputError("a reply of several frames; one is right");
  }
  wire::DecisionReply reply = wire::decode_reply({frame.data<std::uint8_t>(), frame.size()});
  state_->check_addressed_to_us(reply);
  return reply;
}

int DecisionClient::poll_descriptor() const {
  return static_cast<int>(state_->socket.get(zmq::sockopt::fd));
}

}  // namespace regent::client
