#pragma once
// The server's part of the configuration (section serving), as plain numbers.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/config/config.hpp"
#include "serving/http/http_endpoint.hpp"

namespace regent::server {

struct ServiceSettings {
  std::size_t streams_max = 64;
  std::size_t history_bars_max = 100'000;                // per stream
  std::size_t history_bytes_max = std::size_t{2} << 30;  // of all streams together
  std::size_t reply_cache = 1'024;                       // replies kept per stream
  std::int64_t expiry_bars = 5;  // a decision expires so many median steps after its bar
};

struct SocketSettings {
  std::string endpoint = "tcp://127.0.0.1:5555";
  int pending_max = 256;  // messages that may wait per peer and direction
  std::int64_t message_bytes_max = 64 << 20;
  bool allow_remote = false;
};

ServiceSettings service_settings(const Config& config);
SocketSettings socket_settings(const Config& config);
http::HttpSettings http_settings(const Config& config);

}  // namespace regent::server
