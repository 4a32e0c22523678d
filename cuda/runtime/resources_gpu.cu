#include "cuda/runtime/resources.hpp"

#include <memory>
#include <sstream>

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/gpu_state.cuh"

static_assert(__cplusplus >= 202002L, "the device compiler must be told -std=c++20");

namespace regent::cuda {

bool built_with_cuda() {
  return true;
}

int gpu_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();  // no driver or no device is an answer, not an error
    return 0;
  }
  return count;
}

GpuState* make_gpu_state(std::string& why_not) {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code != cudaSuccess || count == 0) {
    cudaGetLastError();
    why_not =
        std::string("no CUDA device: ") + (code == cudaSuccess ? "none found" : cudaGetErrorString(code));
    return nullptr;
  }
  auto state = std::make_unique<GpuState>();
  REGENT_CUDA_CHECK(cudaSetDevice(state->device));
  REGENT_CUDA_CHECK(cudaGetDeviceProperties(&state->properties, state->device));
  if (state->properties.major < 8) {
    std::ostringstream text;
    text << state->properties.name << " has compute capability " << state->properties.major << "."
         << state->properties.minor << ", and 8.0 or newer is needed";
    why_not = text.str();
    return nullptr;
  }
  REGENT_CUDA_CHECK(cudaStreamCreateWithFlags(&state->stream, cudaStreamNonBlocking));
  return state.release();
}

void destroy_gpu_state(GpuState* state) noexcept {
  if (state == nullptr) return;
  if (state->stream != nullptr) {
    cudaStreamSynchronize(state->stream);  // nothing may run on in what the state keeps
    cudaStreamDestroy(state->stream);
  }
  delete state;
}

std::size_t memory_bytes_of(const GpuState& state) {
  return state.properties.totalGlobalMem;
}

std::string describe_gpu(const GpuState& state) {
  std::ostringstream text;
  text << state.properties.name << ", sm_" << state.properties.major << state.properties.minor << ", "
       << (state.properties.totalGlobalMem >> 20) << " MiB";
  return text.str();
}

}  // namespace regent::cuda
