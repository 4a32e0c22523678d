#pragma once
// A library of the CUDA toolkit, loaded when it is first needed, so that programs start on machines that do
// not have it; only its header is needed to build. It stays loaded.

#include <string>

namespace regent::cuda {

class ToolkitLibrary {
 public:
  // By its name, stem.so.version, which also finds what a program has loaded already (libtorch_cuda brings
  // its own), or from the toolkit that this was built with. Throws InputError when it cannot be had; `user`
  // says who needs it.
  ToolkitLibrary(const std::string& stem, int version, const std::string& user);
  // Throws InputError where the library is older than the function.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(find(name));
  }

 private:
  void* find(const char* name) const;
  std::string name_;
  void* library_;
};

// Throws Error unless the status is 0, success to all of them.
void check_toolkit_call(int status, const char* call);

}  // namespace regent::cuda
