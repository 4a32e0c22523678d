#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> runtime_keys() {
  return {};
}

}  // namespace regent
