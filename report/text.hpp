#pragma once
// report.md and what the terminal shows, both from metrics.json alone.

#include <nlohmann/json.hpp>
#include <string>

namespace regent::report {

std::string markdown_report(const nlohmann::json& metrics);
std::string terminal_report(const nlohmann::json& metrics);  // coloured on a terminal

}  // namespace regent::report
