#include "cuda/hmm/lane_kernels.hpp"

namespace regent::cuda::hmm {

#define REGENT_KERNELS_OF(set, type) \
  return law == EmissionLaw::student_t ? set::student_##type##_kernels() : set::type##_kernels()

template <>
const LaneKernels<float>& lane_kernels<float>(InstructionSet set, EmissionLaw law) {
  switch (set) {
    case InstructionSet::avx512:
      REGENT_KERNELS_OF(avx512, float);
    case InstructionSet::avx2:
      REGENT_KERNELS_OF(avx2, float);
    case InstructionSet::baseline:
      break;
  }
  REGENT_KERNELS_OF(baseline, float);
}

template <>
const LaneKernels<double>& lane_kernels<double>(InstructionSet set, EmissionLaw law) {
  switch (set) {
    case InstructionSet::avx512:
      REGENT_KERNELS_OF(avx512, double);
    case InstructionSet::avx2:
      REGENT_KERNELS_OF(avx2, double);
    case InstructionSet::baseline:
      break;
  }
  REGENT_KERNELS_OF(baseline, double);
}

#undef REGENT_KERNELS_OF

}  // namespace regent::cuda::hmm
