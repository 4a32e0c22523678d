#include "base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace regent {

void invariant_failed(const char* condition, const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "regent: broken invariant at %s:%d: %s (%s)\n", file, line, message.c_str(),
               condition);
  std::abort();
}

}  // namespace regent
