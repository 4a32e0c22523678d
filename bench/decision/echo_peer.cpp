#include "bench/decision/echo_peer.hpp"

#include <vector>
#include <zmq.hpp>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::bench {

int run_echo_server(const std::string& announce, std::size_t reply_bytes) {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::router);
  socket.bind("tcp://127.0.0.1:*");
  write_file_atomically(announce, socket.get(zmq::sockopt::last_endpoint));
  const std::vector<char> reply(reply_bytes, 'r');
  for (;;) {
    zmq::message_t identity;
    zmq::message_t request;
    if (socket.recv(identity) && socket.recv(request)) {
      socket.send(identity, zmq::send_flags::sndmore);
      socket.send(zmq::buffer(reply), zmq::send_flags::none);
    }
  }
}

struct EchoClient::State {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};
  std::vector<char> request;
};

EchoClient::EchoClient(const std::string& endpoint, std::size_t request_bytes)
    : state_(std::make_unique<State>()) {
  state_->socket.set(zmq::sockopt::linger, 0);
  state_->socket.set(zmq::sockopt::rcvtimeo, 10'000);
  state_->socket.connect(endpoint);
  state_->request.assign(request_bytes, 'q');
}

EchoClient::~EchoClient() = default;

double EchoClient::round_trip_us() {
  const std::int64_t began_ns = monotonic_ns();
  state_->socket.send(zmq::buffer(state_->request), zmq::send_flags::none);
  zmq::message_t reply;
  if (!state_->socket.recv(reply)) {
    throw Error("the echo peer did not answer");
  }
  return static_cast<double>(monotonic_ns() - began_ns) * 1e-3;
}

}  // namespace regent::bench
