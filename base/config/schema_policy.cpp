#include "base/config/schema.hpp"

namespace regent {

std::vector<KeySpec> policy_keys() {
  return {
      {"policy.hidden",
       ValueType::integer,
       "64",
       "units",
       "Width of every layer of the shared trunk.",
       1,
       4096,
       {}},
      {"policy.layers", ValueType::integer, "2", "layers", "Layers of the shared trunk.", 1, 16, {}},
  };
}

}  // namespace regent
