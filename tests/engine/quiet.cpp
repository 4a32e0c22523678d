// Sessions log what they do; tests look at the ledger instead.

#include <spdlog/spdlog.h>

namespace {
[[maybe_unused]] const bool quiet = [] {
  spdlog::set_level(spdlog::level::off);
  return true;
}();
}  // namespace
