#include "serving/http/http_endpoint.hpp"

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "serving/http/address.hpp"

namespace regent::http {
namespace {

constexpr std::size_t threads = 4;
constexpr std::size_t connections_max =
    64;  // waiting for a thread; more wait in the kernel's bounded backlog
constexpr std::size_t payload_bytes_max = 4'096;
constexpr int io_timeout_s = 2;
constexpr int idle_connection_s = 1;

// httplib's pool takes connections without a limit. This one makes the accepting thread wait instead.
class BoundedPool : public httplib::TaskQueue {
 public:
  using Taken =
      decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));  // void or bool, by httplib's version

  Taken enqueue(std::function<void()> task) override {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return pending_ < connections_max; });
      ++pending_;
    }
    pool_.enqueue([this, task = std::move(task)] {
      task();
      const std::lock_guard lock(mutex_);
      --pending_;
      room_.notify_one();
    });
    return static_cast<Taken>(true);
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t pending_ = 0;
  httplib::ThreadPool pool_{threads};
};

void limit(httplib::Server& server) {
  server.new_task_queue = [] { return new BoundedPool; };
  server.set_payload_max_length(payload_bytes_max);
  server.set_read_timeout(io_timeout_s);
  server.set_write_timeout(io_timeout_s);
  server.set_keep_alive_timeout(idle_connection_s);
  // httplib's own default lets two processes share the port (SO_REUSEPORT) and each see half of the
  // requests.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

// The URL with the port that was bound.
std::string bind(httplib::Server& server, const HttpSettings& settings) {
  Address address = parse_address(settings.address, settings.key);
  permit(address, settings.allow_remote, settings.key);
  if (address.port == 0) {
    address.port = server.bind_to_any_port(address.host);
  } else if (!server.bind_to_port(address.host, address.port)) {
    address.port = -1;
  }
  if (address.port < 0) {
    throw InputError(settings.key + ": cannot listen on " + settings.address +
                     "; if another process runs there, stop it or choose another port");
  }
  return to_url(address);
}

}  // namespace

HttpReply prometheus_reply(std::string text) {
  return {200, std::move(text), "text/plain; version=0.0.4; charset=utf-8"};
}

struct HttpEndpoint::State {
  httplib::Server server;
  std::string url;
  std::thread thread;
};

HttpEndpoint::HttpEndpoint(const HttpSettings& settings, const HttpPages& pages)
    : state_(std::make_unique<State>()) {
  for (const auto& [path, page] : pages) {
    state_->server.Get(path, [page = page](const httplib::Request&, httplib::Response& response) {
      HttpReply reply = page();
      response.status = reply.status;
      response.set_content(reply.body, reply.content_type);
    });
  }
  limit(state_->server);
  state_->url = bind(state_->server, settings);
  state_->thread = std::thread([state = state_.get()] { state->server.listen_after_bind(); });
  while (!state_->server.is_running()) {  // stop() before that would be lost
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

HttpEndpoint::~HttpEndpoint() {
  state_->server.stop();
  state_->thread.join();
}

const std::string& HttpEndpoint::url() const {
  return state_->url;
}

}  // namespace regent::http
