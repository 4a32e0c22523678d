#include "cuda/runtime/resources.hpp"

#include <tbb/task_arena.h>

#include <algorithm>

#include "base/error.hpp"
#include "cuda/runtime/gpu_state.hpp"

namespace regent::cuda {

Resources::Resources() = default;
Resources::Resources(Resources&&) noexcept = default;
Resources& Resources::operator=(Resources&&) noexcept = default;
Resources::~Resources() = default;

void Resources::Deleter::operator()(GpuState* state) const {
  destroy_gpu_state(state);
}

InstructionSet widest_instruction_set() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return avx512 ? InstructionSet::avx512 : avx2 ? InstructionSet::avx2 : InstructionSet::baseline;
#else
  return InstructionSet::baseline;
#endif
}

std::string to_string(InstructionSet set) {
  switch (set) {
    case InstructionSet::baseline:
      return "baseline";
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
  }
  return "baseline";
}

Resources Resources::make_cpu(InstructionSet at_most) {
  Resources resources;
  resources.instruction_set_ = std::min(at_most, widest_instruction_set());
  return resources;
}

Resources Resources::make(const std::string& device) {
  if (device != "auto" && device != "cpu" && device != "cuda") {
    throw InputError("device \"" + device + "\" is unknown; use auto, cpu or cuda");
  }
  Resources resources = make_cpu(InstructionSet::avx512);
  if (device == "cpu") return resources;
  std::string why_not;
  resources.gpu_.reset(make_gpu_state(why_not));
  if (resources.gpu_) {
    resources.backend_ = Backend::gpu;
  } else if (device == "cuda") {
    throw InputError("device \"cuda\" cannot be used: " + why_not + "; use device \"cpu\" or \"auto\"");
  }
  return resources;
}

std::size_t Resources::gpu_memory_bytes() const {
  return gpu_ ? memory_bytes_of(*gpu_) : 0;
}

std::string Resources::describe() const {
  if (gpu_) return describe_gpu(*gpu_);
  const int threads = tbb::this_task_arena::max_concurrency();
  return "CPU, " + std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
         to_string(instruction_set_);
}

}  // namespace regent::cuda
