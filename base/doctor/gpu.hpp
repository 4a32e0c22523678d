#pragma once
// The GPU through the driver's own libraries, opened at run time: the doctor links no CUDA.

#include <string>
#include <string_view>

#include "base/doctor/finding.hpp"

namespace regent::doctor {

struct Gpu {
  std::string name;
  double memory_bytes = 0;
  int capability_major = 0, capability_minor = 0;
};

struct GpuReading {
  bool driver_present = false;  // libcuda.so.1 can be opened
  std::string failure;          // why the driver gives no devices
  int driver_cuda_version = 0;  // newest CUDA it can run: 13000 for 13.0
  std::string driver_version;   // "580.65.06", from NVML; empty when unknown
  std::vector<Gpu> gpus;
};

GpuReading read_gpus();
// `device`: runtime.device; `torch_cuda`: the CUDA version of the torch wheel ("13.0"), empty when unknown.
Findings judge_gpus(const GpuReading& reading, std::string_view device, std::string_view torch_cuda);

}  // namespace regent::doctor
