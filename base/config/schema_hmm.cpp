#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> hmm_keys() {
  return {};
}

}  // namespace regent
