// In the place of scenario_gpu.cu where no CUDA compiler was found.

#include "base/error.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {

void run_gpu(const Resources&, const Packed&, std::uint64_t, std::int64_t,
             const std::function<OutcomeView()>&) {
  REGENT_INVARIANT(false, "this build has no CUDA, so no Resources may hold a GPU");
}

}  // namespace regent::cuda::scenario::detail
