#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> features_keys() {
  return {};
}

}  // namespace regent
