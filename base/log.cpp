#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/error.hpp"

namespace regent {
namespace {

spdlog::level::level_enum level_from(const std::string& level) {
  constexpr std::array<std::pair<const char*, spdlog::level::level_enum>, 5> levels{{
      {"trace", spdlog::level::trace},
      {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},
      {"warn", spdlog::level::warn},
      {"error", spdlog::level::err},
  }};
  for (const auto& [name, value] : levels) {
    if (level == name) return value;
  }
  throw InputError("log level '" + level + "' is unknown; expected trace, debug, info, warn or error");
}

spdlog::color_mode colours() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0' ? spdlog::color_mode::never : spdlog::color_mode::automatic;
}

}  // namespace

void start_log(const std::string& process, const std::string& level) {
  const spdlog::level::level_enum threshold = level_from(level);
  auto logger = std::make_shared<spdlog::logger>(
      process, std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colours()));
  logger->set_level(threshold);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %n: %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace regent
