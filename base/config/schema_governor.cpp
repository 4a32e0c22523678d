#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> governor_keys() {
  return {};
}

}  // namespace regent
