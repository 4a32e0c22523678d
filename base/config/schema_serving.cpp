#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> serving_keys() {
  return {};
}

}  // namespace regent
