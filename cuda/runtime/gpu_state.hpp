#pragma once
// The seam between the host-only part of Resources and the CUDA runtime: defined once in resources_gpu.cu and
// once in resources_no_gpu.cpp; the build takes one of them.

#include <string>

namespace regent::cuda {

struct GpuState;

// The first usable device with a stream of its own, or nullptr and the reason.
GpuState* make_gpu_state(std::string& why_not);
void destroy_gpu_state(GpuState* state) noexcept;
std::string describe_gpu(const GpuState& state);
std::size_t memory_bytes_of(const GpuState& state);

}  // namespace regent::cuda
