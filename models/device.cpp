#include "models/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include <spdlog/fmt/fmt.h>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.hpp"

namespace regent::models {
namespace {

// The folder that the loaded libtorch_cpu.so came from; libtorch_cuda.so lies beside it.
std::filesystem::path torch_folder() {
  Dl_info info{};
  // an address inside libtorch_cpu
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0 || info.dli_fname == nullptr)
    return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

// Empty when CUDA can be used from here on, else why not.
std::string load_cuda() {
  void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return "this machine has no CUDA driver (libcuda.so.1 cannot be loaded)";
  const std::filesystem::path library = torch_folder() / "libtorch_cuda.so";
  if (!std::filesystem::exists(library)) {
    return fmt::format("the installed LibTorch has no CUDA part ({} does not exist)", library.string());
  }
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = dlerror();
    return fmt::format("{} cannot be loaded: {}", library.string(),
                       reason == nullptr ? "unknown reason" : reason);
  }
  if (!torch::cuda::is_available()) return "the CUDA driver reports no usable GPU";
  return {};
}

void make_deterministic() {
  // cuBLAS repeats its sums only with a fixed workspace; it reads this when its first handle is made
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::globalContext().setDeterministicAlgorithms(true, false);
}

void set_threads(int threads) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(cores));
}

}  // namespace

TorchDevice choose_torch_device(const std::string& device, int threads) {
  if (device != "auto" && device != "cpu" && device != "cuda") {
    throw InputError(
        fmt::format("runtime.device is \"{}\"; it must be \"auto\", \"cpu\" or \"cuda\"", device));
  }
  if (threads < 0)
    throw InputError(fmt::format("runtime.threads is {}; it must be 0 (all cores) or more", threads));
  make_deterministic();
  set_threads(threads);
  if (device != "cpu") {
    const std::string reason = load_cuda();
    if (reason.empty()) return {true, "cuda:0"};
    if (device == "cuda") {
      throw InputError(fmt::format("runtime.device is \"cuda\", but {}; use \"auto\" or \"cpu\"", reason));
    }
  }
  const int used = at::get_num_threads();
  return {false, fmt::format("cpu, {} {}", used, used == 1 ? "thread" : "threads")};
}

}  // namespace regent::models
