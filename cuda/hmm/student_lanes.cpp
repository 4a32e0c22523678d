// The lane kernels of Student-t emissions for one instruction set; compiled once per set (see regent_lanes in
// cuda/CMakeLists.txt).

#include "cuda/hmm/lane_entries.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {

const LaneKernels<float>& student_float_kernels() {
  return kernels<float, StudentEmission>;
}
const LaneKernels<double>& student_double_kernels() {
  return kernels<double, StudentEmission>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
