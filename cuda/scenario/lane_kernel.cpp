#include "cuda/scenario/launch.hpp"

#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::scenario::detail {

namespace baseline {
const LaneKernel& kernel();
}
namespace avx2 {
const LaneKernel& kernel();
}
namespace avx512 {
const LaneKernel& kernel();
}

const LaneKernel& lane_kernel(InstructionSet set) {
  return of_instruction_set(set, baseline::kernel, avx2::kernel, avx512::kernel)();
}

}  // namespace regent::cuda::scenario::detail
