#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> guardian_keys() {
  return {};
}

}  // namespace regent
