#pragma once
// Chosen once, passed first to every operation: the backend, its stream and the CPU's instruction set. No
// CUDA types here: this header compiles with the host compiler alone.

#include <cstddef>
#include <memory>
#include <string>

namespace regent::cuda {

enum class Backend { cpu, gpu };
enum class InstructionSet { baseline, avx2, avx512 };  // found at start, never assumed from the build machine

struct GpuState;  // stream, device properties; defined in gpu_state.cuh

class Resources {
 public:
  // device: "auto" (GPU when built and present), "cpu", "cuda". Throws InputError when "cuda" cannot be had,
  // saying why.
  static Resources make(const std::string& device = "auto");
  // The CPU with an instruction set no wider than `at_most`, for tests and comparisons.
  static Resources make_cpu(InstructionSet at_most);
  Resources(Resources&&) noexcept;
  Resources& operator=(Resources&&) noexcept;
  ~Resources();

  Backend backend() const { return backend_; }
  InstructionSet instruction_set() const { return instruction_set_; }
  std::string describe() const;  // "CPU, 2 threads, avx2" or "NVIDIA H200, sm_90, 143771 MiB"
  GpuState* gpu() const { return gpu_.get(); }
  std::size_t gpu_memory_bytes() const;  // 0 without a GPU

 private:
  Resources();
  Backend backend_ = Backend::cpu;
  InstructionSet instruction_set_ = InstructionSet::baseline;
  struct Deleter {
    void operator()(GpuState*) const;
  };
  std::unique_ptr<GpuState, Deleter> gpu_;
};

bool built_with_cuda();
int gpu_count();                          // 0 without CUDA, without a driver, or without a device
InstructionSet widest_instruction_set();  // that this CPU and its operating system run
std::string to_string(InstructionSet set);

}  // namespace regent::cuda
