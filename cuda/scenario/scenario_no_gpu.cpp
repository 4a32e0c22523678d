// In the place of scenario_gpu.cu where no CUDA compiler was found.

#include "cuda/runtime/no_gpu.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {

void run_gpu(const Resources&, const Packed&, std::uint64_t, std::int64_t,
             const std::function<OutcomeView()>&) {
  no_gpu();
}

}  // namespace regent::cuda::scenario::detail
