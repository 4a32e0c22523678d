#pragma once
// The parts put together: HTTP answers from the start, decisions once the bundles are there.

#include <optional>

#include "serving/server/decision_socket.hpp"
#include "serving/server/settings.hpp"

namespace regent::server {

class Server {
 public:
  explicit Server(const http::HttpSettings& settings);  // /health answers from here on; /ready says no

  // Binds the socket for decisions. The bundles must outlive the server.
  void open(const ServedBundles& bundles, const ServiceSettings& service, const SocketSettings& socket);
  const std::string& endpoint() const { return socket_->endpoint(); }  // REQUIRES open()
  const std::string& http_url() const { return http_->url(); }

  // Answers until `stop_descriptor` is readable. REQUIRES open().
  void run(int stop_descriptor);

 private:
  http::HttpReply ready() const;
  std::string not_ready() const;  // why; "" when ready

  Metrics metrics_;
  LoopState loop_;
  std::optional<DecisionService> service_;
  std::optional<DecisionSocket> socket_;
  std::optional<http::HttpEndpoint> http_;  // last: its threads stop before what they read goes
};

// {"pid", "endpoint", "http", "bundles": [{"fingerprint", "serve_from_ms", "train_end_ms"}]}, written
// atomically: where a server with free ports can be found.
void announce(const std::string& file, const Server& server, std::span<const BundleLabel> bundles);

}  // namespace regent::server
