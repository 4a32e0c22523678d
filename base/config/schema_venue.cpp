#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> venue_keys() {
  return {};
}

}  // namespace regent
