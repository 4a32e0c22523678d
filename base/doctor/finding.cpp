#include "base/doctor/finding.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/terminal.hpp"

namespace regent::doctor {
namespace {

const char* word(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::warn:
      return "warn";
    case Status::fail:
      return "fail";
  }
  return "?";
}

Colour colour(Status status) {
  return status == Status::ok ? Colour::green : (status == Status::warn ? Colour::yellow : Colour::red);
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

// What other programs print may hold bytes that are no UTF-8: replaced, not thrown about.
std::string dump(const nlohmann::ordered_json& document) {
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

long count(const Findings& findings, Status status) {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& each) { return each.status == status; });
}

}  // namespace

bool has_failure(const Findings& findings) {
  return count(findings, Status::fail) > 0;
}

std::string as_table(const Findings& findings) {
  std::size_t name_width = 0;
  for (const Finding& finding : findings) name_width = std::max(name_width, finding.name.size());
  std::string table, area;
  for (const Finding& finding : findings) {
    if (finding.area != area)
      table += (table.empty() ? "" : "\n") + coloured(finding.area, Colour::bold) + "\n";
    area = finding.area;
    table += "  " + coloured(padded(word(finding.status), 4), colour(finding.status)) + "  " +
             padded(finding.name, name_width) + "  " + finding.found + "\n";
    if (!finding.advice.empty()) table += std::string(8, ' ') + "-> " + finding.advice + "\n";
  }
  const long failures = count(findings, Status::fail), warnings = count(findings, Status::warn);
  const std::string sum = std::to_string(failures) + " failed, " + std::to_string(warnings) +
                          " to look at, " + std::to_string(count(findings, Status::ok)) + " fine";
  return table + "\n" +
         coloured(sum, failures > 0 ? Colour::red : (warnings > 0 ? Colour::yellow : Colour::green)) + "\n";
}

std::string as_json(const Findings& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"status", word(finding.status)},
                    {"area", finding.area},
                    {"name", finding.name},
                    {"found", finding.found},
                    {"advice", finding.advice}});
  }
  return dump({{"ok", !has_failure(findings)}, {"findings", list}});
}

std::string bytes_text(double bytes) {
  char text[32];
  const double mib = bytes / (1 << 20);
  std::snprintf(text, sizeof text, mib < 1024 ? "%.0f MiB" : "%.1f GiB", mib < 1024 ? mib : mib / 1024);
  return text;
}

}  // namespace regent::doctor
