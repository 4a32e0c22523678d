#include "cuda/hmm/lane_kernels.hpp"

#include "cuda/runtime/instruction_set.hpp"

namespace regent::cuda::hmm {

template <>
const LaneKernels<float>& lane_kernels<float>(InstructionSet set, EmissionLaw law) {
  if (law == EmissionLaw::student_t)
    return of_instruction_set(set, baseline::student_float_kernels, avx2::student_float_kernels,
                              avx512::student_float_kernels)();
  return of_instruction_set(set, baseline::float_kernels, avx2::float_kernels, avx512::float_kernels)();
}

template <>
const LaneKernels<double>& lane_kernels<double>(InstructionSet set, EmissionLaw law) {
  if (law == EmissionLaw::student_t)
    return of_instruction_set(set, baseline::student_double_kernels, avx2::student_double_kernels,
                              avx512::student_double_kernels)();
  return of_instruction_set(set, baseline::double_kernels, avx2::double_kernels, avx512::double_kernels)();
}

}  // namespace regent::cuda::hmm
