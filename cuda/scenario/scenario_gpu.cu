// One thread per path, every table in the cached global memory. Sixteen assets with four factors, the usual
// size of a dream, keep their holdings in registers; other sizes in local memory.

#include <algorithm>

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"

namespace regent::cuda::scenario::detail {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

constexpr int block = 128;
constexpr std::int64_t chunk = std::int64_t{1}
                               << 24;  // paths whose outcomes lie in the device's memory at once

template <class Size, bool FromHistory>
__global__ void __launch_bounds__(block)
    path_kernel(const View view, std::uint64_t first_path, std::int64_t paths, const OutcomeView out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * block + threadIdx.x;
  if (at >= paths) return;
  const std::uint64_t number = first_path + static_cast<std::uint64_t>(at);
  const PathNumber<float> path{static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)
                                                                       << 8};
  float holdings[Size::unroll > 1 ? Size::unroll : assets_max], factor[Size::unroll > 1 ? 4 : factors_max];
  path_body<Size, false, FromHistory, false>(view, path, out, {}, at, holdings, factor);
}

struct DeviceOutcomes {
  DeviceBuffer<double> final_equity, turnover, costs;
  DeviceBuffer<float> drawdown_max;
  DeviceBuffer<std::int32_t> ruin_step;
  DeviceBuffer<std::uint8_t> final_regime;
  explicit DeviceOutcomes(std::size_t n)
      : final_equity(n), turnover(n), costs(n), drawdown_max(n), ruin_step(n), final_regime(n) {}
  OutcomeView view() const {
    return {final_equity.data(), turnover.data(),  costs.data(),
            drawdown_max.data(), ruin_step.data(), final_regime.data()};
  }
};

template <class T>
void fetch(const DeviceBuffer<T>& from, T* to, std::int64_t paths, cudaStream_t stream) {
  REGENT_CUDA_CHECK(cudaMemcpyAsync(to, from.data(), static_cast<std::size_t>(paths) * sizeof(T),
                                    cudaMemcpyDeviceToHost, stream));
}

void launch(const View& view, std::uint64_t first_path, std::int64_t paths, const OutcomeView& out,
            cudaStream_t stream) {
  const auto grid = static_cast<unsigned>((paths + block - 1) / block);
  if (view.bars > 0) {
    REGENT_CUDA_LAUNCH((path_kernel<AnySizes, true>), grid, block, 0, stream, view, first_path, paths, out);
  } else if (view.assets == 16 && view.factors == 4) {
    REGENT_CUDA_LAUNCH((path_kernel<Sizes<16, 4>, false>), grid, block, 0, stream, view, first_path, paths,
                       out);
  } else {
    REGENT_CUDA_LAUNCH((path_kernel<AnySizes, false>), grid, block, 0, stream, view, first_path, paths, out);
  }
}

}  // namespace

void run_gpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const OutcomeView& out) {
  const cudaStream_t stream = resources.gpu()->stream;
  const DeviceBuffer<float> tables(std::span<const float>(packed.floats), stream);
  const View view = packed.at(tables.data());
  const DeviceOutcomes results(static_cast<std::size_t>(std::min(paths, chunk)));
  for (std::int64_t first = 0; first < paths; first += chunk) {
    const std::int64_t count = std::min(chunk, paths - first);
    launch(view, first_path + static_cast<std::uint64_t>(first), count, results.view(), stream);
    fetch(results.final_equity, out.final_equity + first, count, stream);
    fetch(results.turnover, out.turnover + first, count, stream);
    fetch(results.costs, out.costs + first, count, stream);
    fetch(results.drawdown_max, out.drawdown_max + first, count, stream);
    fetch(results.ruin_step, out.ruin_step + first, count, stream);
    fetch(results.final_regime, out.final_regime + first, count, stream);
    REGENT_CUDA_CHECK(cudaStreamSynchronize(stream));
  }
}

}  // namespace regent::cuda::scenario::detail
