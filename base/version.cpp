#include "base/version.hpp"

namespace regent {

const char* version() {
  return REGENT_VERSION;
}

}  // namespace regent
