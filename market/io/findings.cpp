#include "market/io/findings.hpp"

#include "base/error.hpp"

namespace regent::market {

namespace {

const char* done_text(const Findings::Kind& kind) {
  switch (kind.repair) {
    case Repair::reject:
      return "rejected";
    case Repair::drop:
      return kind.dropped;
    case Repair::missing:
      return kind.missing;
  }
  return "rejected";
}

std::string advice(const Findings::Kind& kind) {
  if (kind.key == nullptr) return "";
  const std::string key = kind.key;
  const std::string others = key == "data.on_unsorted" ? "\"sort\""
                             : key == "data.on_gap"    ? "\"missing\""
                                                       : "\"drop\" or \"missing\"";
  return " (to go on, set " + key + " to " + others + ")";
}

}  // namespace

Repair Findings::add(const Kind& kind, const std::function<void(ImportReport::Finding&)>& describe,
                     const std::function<std::string()>& explain) {
  ++report_.finding_count;
  const std::size_t count = ++report_.count_of_kind[kind.name];
  const bool first_rejection = kind.repair == Repair::reject && rejected_++ == 0;
  if (count > ImportReport::findings_max && !first_rejection) return kind.repair;
  ImportReport::Finding finding;
  finding.kind = kind.name;
  finding.done = done_text(kind);
  describe(finding);
  if (first_rejection) {
    // every finding that can be rejected comes from a file's row
    first_rejected_ = finding.file + ", " + explain() + advice(kind);
  }
  if (count <= ImportReport::findings_max) report_.findings.push_back(std::move(finding));
  return kind.repair;
}

void Findings::throw_if_rejected() const {
  if (rejected_ == 0) return;
  std::string more;
  if (rejected_ == 2) more = "; 1 more finding is rejected";
  if (rejected_ > 2) more = "; " + std::to_string(rejected_ - 1) + " more findings are rejected";
  throw InputError(first_rejected_ + more);
}

}  // namespace regent::market
