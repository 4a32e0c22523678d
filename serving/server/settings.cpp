#include "serving/server/settings.hpp"

namespace regent::server {
namespace {

// The schema's minimum keeps these positive.
std::size_t count(const Config& config, const char* key) {
  return static_cast<std::size_t>(config.integer(key));
}

}  // namespace

ServiceSettings service_settings(const Config& config) {
  ServiceSettings settings;
  settings.streams_max = count(config, "serving.streams_max");
  settings.history_bars_max = count(config, "serving.history_bars_max");
  settings.history_bytes_max = count(config, "serving.history_megabytes_max") << 20;
  settings.reply_cache = count(config, "serving.reply_cache");
  settings.expiry_bars = config.integer("serving.expiry_bars");
  return settings;
}

SocketSettings socket_settings(const Config& config) {
  SocketSettings settings;
  settings.endpoint = config.text("serving.endpoint");
  settings.pending_max = static_cast<int>(config.integer("serving.pending_max"));
  settings.message_bytes_max = config.integer("serving.message_bytes_max");
  settings.allow_remote = config.boolean("serving.allow_remote");
  return settings;
}

http::HttpSettings http_settings(const Config& config) {
  return {"serving.http", config.text("serving.http"), config.boolean("serving.allow_remote")};
}

}  // namespace regent::server
