#include "cuda/runtime/toolkit_library.hpp"

#include <dlfcn.h>

#include "base/error.hpp"

namespace regent::cuda {

ToolkitLibrary::ToolkitLibrary(const std::string& stem, int version, const std::string& user)
    : name_(stem + ".so." + std::to_string(version)) {
  library_ = dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr)
    library_ = dlopen((std::string(REGENT_CUDA_LIBRARIES "/") + name_).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    throw InputError(name_ + " cannot be loaded (" + dlerror() + "), and " + user +
                     " need it; install it where the loader looks, or use device \"cpu\"");
  }
}

void* ToolkitLibrary::find(const char* name) const {
  void* const found = dlsym(library_, name);
  if (found == nullptr)
    throw InputError(name_ + " has no " + name + "; it is too old, that of CUDA 12.6 has it");
  return found;
}

void check_toolkit_call(int status, const char* call) {
  if (status != 0) throw Error(std::string(call) + " failed with status " + std::to_string(status));
}

}  // namespace regent::cuda
