#include "serving/server/decision_socket.hpp"

#include <cerrno>
#include <deque>
#include <vector>
#include <zmq.hpp>

#include "base/log.hpp"
#include "base/uninterrupted.hpp"
#include "serving/http/address.hpp"

namespace regent::server {
namespace {

constexpr std::size_t inbox_messages_max = 1'024;
constexpr std::size_t inbox_bytes_max = 128 << 20;
constexpr std::size_t envelope_frames_max =
    2;                               // the peer's identity, and the empty frame that a REQ peer adds
constexpr int linger_ms = 200;       // for the last replies when the server stops
constexpr int heartbeat_ms = 5'000;  // of connections: forgets peers that vanished without a word
constexpr int heartbeat_timeout_ms = 15'000;

struct Waiting {
  std::vector<zmq::message_t> envelope;
  zmq::message_t payload;
  std::int64_t arrival_ns = 0;
};

void set_limits(zmq::socket_t& socket, const SocketSettings& settings) {
  socket.set(zmq::sockopt::linger, linger_ms);
  socket.set(zmq::sockopt::sndhwm, settings.pending_max);
  socket.set(zmq::sockopt::rcvhwm, settings.pending_max);
  socket.set(zmq::sockopt::maxmsgsize, settings.message_bytes_max);
  socket.set(zmq::sockopt::router_mandatory,
             true);  // a reply that cannot be delivered is counted, not lost unseen
  socket.set(zmq::sockopt::heartbeat_ivl, heartbeat_ms);
  socket.set(zmq::sockopt::heartbeat_timeout, heartbeat_timeout_ms);
}

}  // namespace

struct DecisionSocket::State {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::router};
  std::string endpoint;
  std::deque<Waiting> inbox;
  std::size_t inbox_bytes = 0;

  // Waits until a message or the stop signal is there, or only looks when there is work already.
  bool stop_wanted(int stop_descriptor) {
    zmq::pollitem_t items[] = {{socket.handle(), 0, ZMQ_POLLIN, 0},
                               {nullptr, stop_descriptor, ZMQ_POLLIN, 0}};
    try {
      zmq::poll(items, 2, std::chrono::milliseconds(inbox.empty() ? 1'000 : 0));
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) {
        throw;
      }
    }
    return (items[1].revents & ZMQ_POLLIN) != 0;
  }

  // One message of any number of frames. Nothing: the socket is empty, or the frames are not ours (then
  // `unusable`).
  std::optional<Waiting> take(bool& unusable) {
    Waiting waiting;
    std::size_t frames = 0;
    do {
      zmq::message_t frame;
      const bool taken = uninterrupted<zmq::error_t>(
          [&] { return socket.recv(frame, zmq::recv_flags::dontwait).has_value(); });
      if (!taken) {
        return std::nullopt;  // only before the first frame: ZeroMQ delivers messages whole
      }
      if (++frames <= envelope_frames_max + 1) {
        waiting.envelope.push_back(std::move(frame));
      }
    } while (socket.get(zmq::sockopt::rcvmore) != 0);
    if (frames < 2 || frames > envelope_frames_max + 1 || (frames == 3 && waiting.envelope[1].size() != 0)) {
      unusable = true;
      return std::nullopt;
    }
    waiting.payload = std::move(waiting.envelope.back());
    waiting.envelope.pop_back();
    return waiting;
  }

  void fill_inbox(std::int64_t arrival_ns, Metrics& metrics) {
    for (std::size_t taken = 0; taken < inbox_messages_max; ++taken) {
      if (inbox.size() >= inbox_messages_max || inbox_bytes >= inbox_bytes_max) {
        return;  // the rest waits in ZeroMQ, whose queues have limits too
      }
      bool unusable = false;
      std::optional<Waiting> waiting = take(unusable);
      if (unusable) {
        metrics.count_unreadable();
      } else if (!waiting) {
        return;
      } else {
        waiting->arrival_ns = arrival_ns;
        inbox_bytes += waiting->payload.size();
        inbox.push_back(std::move(*waiting));
      }
    }
  }

  void send(Waiting& asked, const std::vector<std::uint8_t>& reply, Metrics& metrics) {
    try {
      for (zmq::message_t& frame : asked.envelope) {
        const bool sent = uninterrupted<zmq::error_t>([&] {
          return socket.send(frame, zmq::send_flags::sndmore | zmq::send_flags::dontwait).has_value();
        });
        if (!sent) {
          metrics.count_undelivered();  // its queue is full: a peer that does not read
          return;
        }
      }
      uninterrupted<zmq::error_t>(
          [&] { return socket.send(zmq::buffer(reply), zmq::send_flags::dontwait).has_value(); });
    } catch (const zmq::error_t& error) {
      if (error.num() != EHOSTUNREACH) {  // the peer is gone
        throw;
      }
      metrics.count_undelivered();
    }
  }

  void answer_next(DecisionService& service, Metrics& metrics) {
    Waiting asked = std::move(inbox.front());
    inbox.pop_front();
    inbox_bytes -= asked.payload.size();
    const auto reply =
        service.handle({asked.payload.data<std::uint8_t>(), asked.payload.size()}, asked.arrival_ns);
    if (reply) {
      send(asked, *reply, metrics);
    }
  }
};

DecisionSocket::DecisionSocket(const SocketSettings& settings) : state_(std::make_unique<State>()) {
  const http::Address address = http::parse_endpoint(settings.endpoint, "serving.endpoint");
  http::permit(address, settings.allow_remote, "serving.endpoint");
  set_limits(state_->socket, settings);
  state_->socket.set(zmq::sockopt::ipv6, address.host.find(':') != std::string::npos);
  try {
    state_->socket.bind(http::to_endpoint(address));
  } catch (const zmq::error_t& error) {
    throw InputError(
        "serving.endpoint: cannot listen on " + settings.endpoint + ": " + error.what() +
        (error.num() == EADDRINUSE ? "; another server runs there: stop it, or choose another port" : ""));
  }
  state_->endpoint = state_->socket.get(zmq::sockopt::last_endpoint);
}

DecisionSocket::~DecisionSocket() = default;

const std::string& DecisionSocket::endpoint() const {
  return state_->endpoint;
}

void DecisionSocket::run(DecisionService& service, Metrics& metrics, LoopState& loop, int stop_descriptor,
                         const std::function<std::int64_t()>& monotonic_ns) {
  loop.running = true;
  std::int64_t work_began_ns = 0;  // of the work that ended just now; 0: the loop was idle
  while (!state_->stop_wanted(stop_descriptor)) {
    state_->fill_inbox(work_began_ns != 0 ? work_began_ns : monotonic_ns(), metrics);
    metrics.show_waiting(state_->inbox.size());
    work_began_ns = 0;
    if (!state_->inbox.empty()) {
      work_began_ns = monotonic_ns();
      loop.busy_since_ns = work_began_ns;
      state_->answer_next(service, metrics);
      loop.busy_since_ns = 0;
    }
  }
  loop.running = false;
}

}  // namespace regent::server
