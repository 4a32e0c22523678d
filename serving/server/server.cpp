#include "serving/server/server.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/time.hpp"

namespace regent::server {
namespace {

// One request may replay a whole history through a new bundle; nothing ordinary takes longer than this.
constexpr std::int64_t busy_ns_max = 60'000'000'000;

}  // namespace

Server::Server(const HttpSettings& settings) {
  http_.emplace(settings, HttpAnswers{[this] { return metrics_.text(); }, [this] { return not_ready(); }});
}

void Server::open(const ServedBundles& bundles, const ServiceSettings& service,
                  const SocketSettings& socket) {
  metrics_.show_bundles(bundles.labels());
  service_.emplace(bundles, service, metrics_, monotonic_ns);
  socket_.emplace(socket);
}

void Server::run(int stop_descriptor) {
  socket_->run(*service_, metrics_, loop_, stop_descriptor, monotonic_ns);
}

std::string Server::not_ready() const {
  if (!loop_.running) {
    return "bundles are being loaded, or the server is stopping";
  }
  const std::int64_t busy_since_ns = loop_.busy_since_ns;
  if (busy_since_ns != 0 && monotonic_ns() - busy_since_ns > busy_ns_max) {
    return "one request has taken longer than " + std::to_string(busy_ns_max / 1'000'000'000) + " s";
  }
  return {};
}

void announce(const std::string& file, const Server& server, std::span<const BundleLabel> bundles) {
  nlohmann::json body{{"pid", ::getpid()}, {"endpoint", server.endpoint()}, {"http", server.http_url()}};
  body["bundles"] = nlohmann::json::array();
  for (const BundleLabel& label : bundles) {
    body["bundles"].push_back({{"fingerprint", label.fingerprint},
                               {"serve_from_ms", label.serve_from_ms},
                               {"train_end_ms", label.train_end_ms}});
  }
  write_file_atomically(file, body.dump(2) + "\n");
}

}  // namespace regent::server
