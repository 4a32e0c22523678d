#include "serving/server/rejection.hpp"

namespace regent::server {

const char* to_text(RejectionKind kind) {
  switch (kind) {
    case RejectionKind::malformed:
      return "malformed";
    case RejectionKind::symbols:
      return "symbols";
    case RejectionKind::columns:
      return "columns";
    case RejectionKind::differs:
      return "differs";
    case RejectionKind::older:
      return "older";
    case RejectionKind::timestamps:
      return "timestamps";
    case RejectionKind::history_full:
      return "history_full";
    case RejectionKind::bundle:
      return "bundle";
    case RejectionKind::decision:
      return "decision";
  }
  return "unknown";
}

}  // namespace regent::server
