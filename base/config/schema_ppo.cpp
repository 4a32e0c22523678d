#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> ppo_keys() {
  return {};
}

}  // namespace regent
