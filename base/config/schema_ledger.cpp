#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> ledger_keys() {
  return {};
}

}  // namespace regent
