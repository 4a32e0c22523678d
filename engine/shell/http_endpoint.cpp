#include "engine/shell/http_endpoint.hpp"

#include <httplib.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "base/error.hpp"

namespace regent::engine {

namespace {

constexpr std::size_t threads = 2;
constexpr std::size_t request_bytes_max = 1'024;
constexpr int io_timeout_s = 2;
constexpr int idle_connection_s = 1;

struct Address {
  std::string host;
  int port = 0;
};

Address parse(const std::string& text) {
  const auto refuse = [&] {
    throw InputError("engine.http: '" + text +
                     "' is no address of this machine; 127.0.0.1:9101 or 127.0.0.1:0 is right");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) refuse();
  Address address{text.substr(0, colon), 0};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end || address.port < 0 || address.port > 65'535) refuse();
  if (address.host == "[::1]") address.host = "::1";
  if (address.host != "localhost" && address.host != "::1" && address.host.rfind("127.", 0) != 0) refuse();
  return address;
}

}  // namespace

struct HttpEndpoint::State {
  httplib::Server server;
  std::string url;
  std::thread thread;
};

HttpEndpoint::HttpEndpoint(const std::string& address, const Telemetry& telemetry)
    : state_(std::make_unique<State>()) {
  httplib::Server& server = state_->server;
  server.Get("/health", [&telemetry](const httplib::Request&, httplib::Response& response) {
    response.status = telemetry.healthy() ? 200 : 503;
    response.set_content(telemetry.health() + "\n", "application/json");
  });
  server.Get("/metrics", [&telemetry](const httplib::Request&, httplib::Response& response) {
    response.set_content(telemetry.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  server.set_payload_max_length(request_bytes_max);
  server.set_read_timeout(io_timeout_s);
  server.set_write_timeout(io_timeout_s);
  server.set_keep_alive_timeout(idle_connection_s);
  // httplib's own default lets two processes share the port and each see half of the requests
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  Address bound = parse(address);
  if (bound.port == 0) {
    bound.port = server.bind_to_any_port(bound.host);
  } else if (!server.bind_to_port(bound.host, bound.port)) {
    bound.port = -1;
  }
  if (bound.port < 0) {
    throw InputError("engine.http: cannot listen on " + address +
                     "; stop what runs there or choose another port");
  }
  const bool is_v6 = bound.host.find(':') != std::string::npos;
  state_->url = "http://" + (is_v6 ? "[" + bound.host + "]" : bound.host) + ":" + std::to_string(bound.port);
  state_->thread = std::thread([state = state_.get()] { state->server.listen_after_bind(); });
  while (!server.is_running())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // stop() would be lost
}

HttpEndpoint::~HttpEndpoint() {
  state_->server.stop();
  state_->thread.join();
}

const std::string& HttpEndpoint::url() const {
  return state_->url;
}

}  // namespace regent::engine
