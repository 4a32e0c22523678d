#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> report_keys() {
  return {};
}

}  // namespace regent
