// In the place of environment_gpu.cu where no CUDA compiler was found.

#include "cuda/runtime/no_gpu.hpp"
#include "cuda/trading/environment_check.hpp"

namespace regent::cuda::detail {

void step_gpu(const Resources&, const StepArguments&) {
  no_gpu();
}

}  // namespace regent::cuda::detail
