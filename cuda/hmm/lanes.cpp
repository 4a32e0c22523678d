// The lane kernels of Gaussian emissions and tables of log densities for one instruction set; compiled once
// per set (see regent_lanes in cuda/CMakeLists.txt).

#include "cuda/hmm/lane_entries.hpp"

namespace regent::cuda::hmm {
namespace REGENT_INSTRUCTION_SET {

const LaneKernels<float>& float_kernels() {
  return kernels<float, GaussianEmission>;
}
const LaneKernels<double>& double_kernels() {
  return kernels<double, GaussianEmission>;
}

}  // namespace REGENT_INSTRUCTION_SET
}  // namespace regent::cuda::hmm
