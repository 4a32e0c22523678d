#pragma once
// Why a request was rejected: a label for the metrics and a sentence for the one who asked.

#include "base/error.hpp"

namespace regent::server {

enum class RejectionKind : int {
  malformed,     // the message breaks a rule of the wire
  symbols,       // other symbols than the stream has
  columns,       // other columns than the stream has
  differs,       // a bar that was received before, with other content
  older,         // a bar so old that its reply is no longer kept, or never was one
  timestamps,    // a new bar that does not lie after the last one
  history_full,  // serving.history_bars_max or serving.history_megabytes_max
  bundle,        // no bundle can decide for these symbols and columns
  decision       // the bundle's own output breaks a rule of the wire
};
inline constexpr int rejection_kinds = 9;
const char* to_text(RejectionKind kind);

class Rejection : public InputError {
 public:
  Rejection(RejectionKind kind, const std::string& message) : InputError(message), kind_(kind) {}
  RejectionKind kind() const { return kind_; }

 private:
  RejectionKind kind_;
};

}  // namespace regent::server
