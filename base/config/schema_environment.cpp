#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> environment_keys() {
  return {};
}

}  // namespace regent
