#include "serving/server/server.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/time.hpp"
#include "base/version.hpp"

namespace regent::server {
namespace {

// One request may replay a whole history through a new bundle; nothing ordinary takes longer than this.
constexpr std::int64_t busy_ns_max = 60'000'000'000;

std::string json_line(const nlohmann::json& body) {
  return body.dump() + "\n";
}

http::HttpReply alive() {
  return {200, json_line({{"status", "alive"}, {"version", version()}})};
}

}  // namespace

Server::Server(const http::HttpSettings& settings) {
  const http::HttpPages pages{{"/health", alive},
                              {"/ready", [this] { return ready(); }},
                              {"/metrics", [this] { return http::prometheus_reply(metrics_.text()); }}};
  http_.emplace(settings, pages);
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

http::HttpReply Server::ready() const {
  const std::string reason = not_ready();
  if (reason.empty()) return {200, json_line({{"status", "ready"}})};
  return {503, json_line({{"status", "not ready"}, {"reason", reason}})};
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
