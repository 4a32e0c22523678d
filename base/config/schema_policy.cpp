#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> policy_keys() {
  return {};
}

}  // namespace regent
