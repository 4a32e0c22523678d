// In the place of environment_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/trading/environment_check.hpp"

namespace regent::cuda::detail {

void step_gpu(const Resources&, const StepArguments&) {
  REGENT_INVARIANT(false, "this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda::detail
