#include "serving/server/settings.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/wire/messages.hpp"

namespace regent::server {
namespace {

TEST(ServingSettings, DefaultsOfTheSchemaAreThoseOfTheStructs) {
  const Config config = Config::from_toml("", "test");
  const ServiceSettings service = service_settings(config);
  EXPECT_EQ(service.streams_max, ServiceSettings().streams_max);
  EXPECT_EQ(service.history_bars_max, ServiceSettings().history_bars_max);
  EXPECT_EQ(service.history_bytes_max, ServiceSettings().history_bytes_max);
  EXPECT_EQ(service.reply_cache, ServiceSettings().reply_cache);
  EXPECT_EQ(service.expiry_bars, ServiceSettings().expiry_bars);
  const SocketSettings socket = socket_settings(config);
  EXPECT_EQ(socket.endpoint, SocketSettings().endpoint);
  EXPECT_EQ(socket.pending_max, SocketSettings().pending_max);
  EXPECT_EQ(socket.message_bytes_max, static_cast<std::int64_t>(wire::message_bytes_max));
  EXPECT_FALSE(socket.allow_remote);
  EXPECT_EQ(http_settings(config).address, "127.0.0.1:8080");
  EXPECT_FALSE(http_settings(config).allow_remote);
}

TEST(ServingSettings, ValuesReachTheirPlace) {
  const Config config = Config::from_toml(
      "[serving]\nstreams_max = 2\nhistory_bars_max = 3\nhistory_megabytes_max = 4\nreply_cache = "
      "5\nexpiry_bars = 6\n"
      "pending_max = 7\nmessage_bytes_max = 8192\nallow_remote = true\nhttp = \"127.0.0.1:9\"\n",
      "test");
  const ServiceSettings service = service_settings(config);
  EXPECT_EQ(service.streams_max, 2U);
  EXPECT_EQ(service.history_bars_max, 3U);
  EXPECT_EQ(service.history_bytes_max, 4U << 20);
  EXPECT_EQ(service.reply_cache, 5U);
  EXPECT_EQ(service.expiry_bars, 6);
  EXPECT_EQ(socket_settings(config).pending_max, 7);
  EXPECT_EQ(socket_settings(config).message_bytes_max, 8192);
  EXPECT_TRUE(socket_settings(config).allow_remote);
  EXPECT_EQ(http_settings(config).address, "127.0.0.1:9");
}

TEST(ServingSettings, LimitOfNothingIsRefused) {
  for (const char* key : {"streams_max", "history_bars_max", "history_megabytes_max", "reply_cache",
                          "expiry_bars", "pending_max", "message_bytes_max"}) {
    EXPECT_THROW(Config::from_toml("[serving]\n" + std::string(key) + " = 0\n", "test"), InputError) << key;
  }
}

}  // namespace
}  // namespace regent::server
