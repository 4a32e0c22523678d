#include "base/doctor/gpu.hpp"

#include <dlfcn.h>

#include <array>
#include <charconv>
#include <memory>

namespace regent::doctor {
namespace {

// The values of cuda.h and nvml.h that are read here; both interfaces are stable.
constexpr int cuda_success = 0;
constexpr int capability_major_attribute = 75, capability_minor_attribute = 76;

class Library {
 public:
  explicit Library(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  bool is_open() const { return handle_ != nullptr; }
  // Calls a function of the C interface; -1 when the library does not have it.
  template <typename... Parameters>
  int call(const char* name, Parameters... parameters) const {
    auto* function =
        reinterpret_cast<int (*)(Parameters...)>(handle_ == nullptr ? nullptr : ::dlsym(handle_, name));
    return function == nullptr ? -1 : function(parameters...);
  }

 private:
  void* handle_;
};

std::string cuda_error(const Library& cuda, int code) {
  const char* text = nullptr;
  cuda.call("cuGetErrorString", code, &text);
  return "error " + std::to_string(code) + (text == nullptr ? "" : std::string(": ") + text);
}

Gpu read_gpu(const Library& cuda, int index) {
  Gpu gpu;
  int device = 0;
  std::array<char, 128> name{};
  std::size_t bytes = 0;
  if (cuda.call("cuDeviceGet", &device, index) != cuda_success) return gpu;
  if (cuda.call("cuDeviceGetName", name.data(), static_cast<int>(name.size() - 1), device) == cuda_success)
    gpu.name = name.data();
  if (cuda.call("cuDeviceTotalMem_v2", &bytes, device) == cuda_success)
    gpu.memory_bytes = static_cast<double>(bytes);
  cuda.call("cuDeviceGetAttribute", &gpu.capability_major, capability_major_attribute, device);
  cuda.call("cuDeviceGetAttribute", &gpu.capability_minor, capability_minor_attribute, device);
  return gpu;
}

std::string read_driver_version() {
  const Library nvml("libnvidia-ml.so.1");
  if (!nvml.is_open() || nvml.call("nvmlInit_v2") != 0) return "";
  std::array<char, 96> version{};
  const bool known =
      nvml.call("nvmlSystemGetDriverVersion", version.data(), static_cast<unsigned>(version.size() - 1)) == 0;
  nvml.call("nvmlShutdown");
  return known ? version.data() : "";
}

// "13.0" → 13000, as the driver counts.
int cuda_number(std::string_view version) {
  int major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '.')
    std::from_chars(first.ptr + 1, end, minor);
  return major * 1000 + minor * 10;
}

std::string cuda_text(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

Finding without_gpu(const GpuReading& reading, bool demanded) {
  const std::string why = !reading.driver_present    ? "no driver (libcuda.so.1)"
                          : !reading.failure.empty() ? "the driver does not start: " + reading.failure
                                                     : "the driver knows no device";
  if (demanded) {
    return {Status::fail, "gpu", "device", why + ", but runtime.device is \"cuda\"",
            "install the NVIDIA driver, or set runtime.device to \"auto\" or \"cpu\""};
  }
  // A driver that fails is worth a look; a machine without one is a CPU machine.
  if (reading.driver_present) {
    return {Status::warn, "gpu", "device", why, "everything runs on the CPU until nvidia-smi shows a device"};
  }
  return {Status::ok, "gpu", "device", why + ": everything runs on the CPU", ""};
}

Finding describe(const Gpu& gpu, std::size_t index, bool used) {
  const int capability = gpu.capability_major * 10 + gpu.capability_minor;
  Finding finding{Status::ok, "gpu", "device " + std::to_string(index),
                  gpu.name + ", " + bytes_text(gpu.memory_bytes) + ", compute " +
                      std::to_string(gpu.capability_major) + "." + std::to_string(gpu.capability_minor) +
                      (used ? "" : ", not used: runtime.device is \"cpu\""),
                  ""};
  if (capability < 80) {
    finding.status = Status::warn;
    finding.advice =
        "kernels are built for compute 8.0 and later: set runtime.device to \"cpu\", or build for this one";
  }
  return finding;
}

}  // namespace

GpuReading read_gpus() {
  GpuReading reading;
  const Library cuda("libcuda.so.1");
  reading.driver_present = cuda.is_open();
  if (!cuda.is_open()) return reading;
  reading.driver_version = read_driver_version();
  cuda.call("cuDriverGetVersion", &reading.driver_cuda_version);
  if (const int code = cuda.call("cuInit", 0U); code != cuda_success) {
    reading.failure = cuda_error(cuda, code);
    return reading;
  }
  int count = 0;
  cuda.call("cuDeviceGetCount", &count);
  for (int index = 0; index < count; ++index) reading.gpus.push_back(read_gpu(cuda, index));
  return reading;
}

Findings judge_gpus(const GpuReading& reading, std::string_view device, std::string_view torch_cuda) {
  if (reading.gpus.empty()) return {without_gpu(reading, device == "cuda")};
  Findings findings;
  Finding driver{Status::ok, "gpu", "driver",
                 (reading.driver_version.empty() ? "version unknown" : reading.driver_version) +
                     ", runs CUDA up to " + cuda_text(reading.driver_cuda_version),
                 ""};
  // Minor versions of one CUDA major run on each other's drivers; a newer major does not.
  if (!torch_cuda.empty() && reading.driver_cuda_version / 1000 < cuda_number(torch_cuda) / 1000) {
    driver.status = device == "cuda" ? Status::fail : Status::warn;
    driver.advice = "LibTorch is built for CUDA " + std::string(torch_cuda) +
                    ": update the driver, until then the CPU is used";
  }
  findings.push_back(driver);
  for (std::size_t index = 0; index < reading.gpus.size(); ++index) {
    findings.push_back(describe(reading.gpus[index], index, device != "cpu"));
  }
  return findings;
}

}  // namespace regent::doctor
