#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> allocator_keys() {
  return {};
}

}  // namespace regent
