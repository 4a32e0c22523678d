// In the place of resources_gpu.cu where no CUDA compiler was found.

#include "cuda/runtime/gpu_state.hpp"
#include "cuda/runtime/resources.hpp"

namespace regent::cuda {

bool built_with_cuda() {
  return false;
}
int gpu_count() {
  return 0;
}

GpuState* make_gpu_state(std::string& why_not) {
  why_not = "this build has no CUDA launchers (configure with -DREGENT_CUDA=ON and a CUDA 13 toolkit)";
  return nullptr;
}

void destroy_gpu_state(GpuState*) noexcept {}
std::string describe_gpu(const GpuState&) {
  return "no GPU";
}
std::size_t memory_bytes_of(const GpuState&) {
  return 0;
}

}  // namespace regent::cuda
