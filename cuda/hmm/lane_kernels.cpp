#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {

template <>
const LaneKernels<float>& lane_kernels<float>(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx512:
      return avx512::float_kernels();
    case InstructionSet::avx2:
      return avx2::float_kernels();
    case InstructionSet::baseline:
      break;
  }
  return baseline::float_kernels();
}

template <>
const LaneKernels<double>& lane_kernels<double>(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx512:
      return avx512::double_kernels();
    case InstructionSet::avx2:
      return avx2::double_kernels();
    case InstructionSet::baseline:
      break;
  }
  return baseline::double_kernels();
}

}  // namespace regent::cuda::hmm
