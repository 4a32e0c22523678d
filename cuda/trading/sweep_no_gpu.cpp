// In the place of sweep_gpu.cu and indicators_gpu.cu where no CUDA compiler was found.

#include "cuda/runtime/no_gpu.hpp"
#include "cuda/trading/indicators_job.hpp"

namespace regent::cuda::sweep {

Results run_gpu(const Resources&, const Task&, const Listener&) {
  no_gpu();
}
std::vector<float> indicator_table_gpu(const Resources&, const PriceSeries&, std::span<const ColumnKey>) {
  no_gpu();
}

}  // namespace regent::cuda::sweep
