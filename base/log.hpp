#pragma once
// One line per event on standard error through spdlog: time, level, process name, message.

#include <spdlog/spdlog.h>

#include <string>

namespace regent {

// level: trace, debug, info, warn, error. Throws InputError otherwise.
void start_log(const std::string& process, const std::string& level);

}  // namespace regent
