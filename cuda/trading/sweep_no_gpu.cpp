// In the place of sweep_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/trading/sweep_job.hpp"

namespace regent::cuda::sweep {

void run_gpu(const Resources&, const Job&, std::size_t, const Marks<float>&, int) {
  REGENT_INVARIANT(false, "this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda::sweep
