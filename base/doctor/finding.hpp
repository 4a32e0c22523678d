#pragma once
// What the doctor saw: one line each, with what to do when something is wrong.

#include <string>
#include <vector>

namespace regent::doctor {

enum class Status { ok, warn, fail };

struct Finding {
  Status status = Status::ok;
  std::string area;    // "machine", "gpu", …
  std::string name;    // "memory"
  std::string found;   // "15.2 GiB available of 23.4 GiB"
  std::string advice;  // what to do; empty when all is well
};
using Findings = std::vector<Finding>;

bool has_failure(const Findings& findings);
std::string as_table(const Findings& findings);
// {"ok": bool, "findings": [{"status", "area", "name", "found", "advice"}, …]}
std::string as_json(const Findings& findings);

// "512 MiB", "15.2 GiB"
std::string bytes_text(double bytes);

}  // namespace regent::doctor
