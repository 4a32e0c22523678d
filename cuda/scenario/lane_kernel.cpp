#include "cuda/scenario/launch.hpp"

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
  switch (set) {
    case InstructionSet::avx512:
      return avx512::kernel();
    case InstructionSet::avx2:
      return avx2::kernel();
    case InstructionSet::baseline:
      break;
  }
  return baseline::kernel();
}

}  // namespace regent::cuda::scenario::detail
