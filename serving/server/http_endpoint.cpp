#include "serving/server/http_endpoint.hpp"

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/version.hpp"
#include "serving/server/address.hpp"

namespace regent::server {
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

void answer_json(httplib::Response& response, int status, const nlohmann::json& body) {
  response.status = status;
  response.set_content(body.dump() + "\n", "application/json");
}

}  // namespace

struct HttpEndpoint::State {
  httplib::Server server;
  HttpAnswers answers;
  std::string url;
  std::thread thread;

  void route() {
    server.Get("/health", [](const httplib::Request&, httplib::Response& response) {
      answer_json(response, 200, {{"status", "alive"}, {"version", version()}});
    });
    server.Get("/ready", [this](const httplib::Request&, httplib::Response& response) {
      const std::string reason = answers.not_ready();
      answer_json(response, reason.empty() ? 200 : 503,
                  reason.empty() ? nlohmann::json{{"status", "ready"}}
                                 : nlohmann::json{{"status", "not ready"}, {"reason", reason}});
    });
    server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(answers.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    });
  }

  void limit() {
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

  void bind(const HttpSettings& settings) {
    Address address = parse_address(settings.address, "serving.http");
    permit(address, settings.allow_remote, "serving.http");
    if (address.port == 0) {
      address.port = server.bind_to_any_port(address.host);
    } else if (!server.bind_to_port(address.host, address.port)) {
      address.port = -1;
    }
    if (address.port < 0) {
      throw InputError("serving.http: cannot listen on " + settings.address +
                       "; if another server runs there, stop it or choose another port");
    }
    url = to_url(address);
  }
};

HttpEndpoint::HttpEndpoint(const HttpSettings& settings, HttpAnswers answers)
    : state_(std::make_unique<State>()) {
  state_->answers = std::move(answers);
  state_->route();
  state_->limit();
  state_->bind(settings);
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

}  // namespace regent::server
