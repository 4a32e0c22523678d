#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> walk_forward_keys() {
  return {};
}

}  // namespace regent
