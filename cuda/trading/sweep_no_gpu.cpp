// In the place of sweep_gpu.cu and indicators_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/trading/indicators_job.hpp"

namespace regent::cuda::sweep {

Results run_gpu(const Resources&, const Task&, const Listener&) {
  REGENT_INVARIANT(false, "this build has no CUDA, so no Resources may hold a GPU");
  return {};
}
std::vector<float> indicator_table_gpu(const Resources&, const PriceSeries&, std::span<const ColumnKey>) {
  REGENT_INVARIANT(false, "this build has no CUDA, so no Resources may hold a GPU");
  return {};
}

}  // namespace regent::cuda::sweep
