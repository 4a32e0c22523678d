#include "cuda/runtime/toolkit_library.hpp"

#include <dlfcn.h>

#include <utility>

#include "base/error.hpp"

namespace regent::cuda {

ToolkitLibrary::ToolkitLibrary(std::string name, const std::string& user) : name_(std::move(name)) {
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

}  // namespace regent::cuda
