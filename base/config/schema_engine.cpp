#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> engine_keys() {
  return {};
}

}  // namespace regent
