#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> data_keys() {
  return {};
}

}  // namespace regent
