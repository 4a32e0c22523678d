// One thread per path, every table in the cached global memory. Sixteen assets with four factors, the usual
// size of a dream, keep their holdings in registers and own volatilities in shared memory; other sizes both
// in local memory.

#include <algorithm>

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/device_buffer.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/runtime/stream.cuh"
#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"

namespace regent::cuda::scenario::detail {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

constexpr int block = 128, blocks_per_multiprocessor = 4;
// Paths of one launch: a few waves of blocks, whose outcomes are fetched while the next launch runs.
constexpr std::int64_t chunk = std::int64_t{1} << 18;

template <class Size, bool FromHistory>
__global__ void __launch_bounds__(block, blocks_per_multiprocessor)
    path_kernel(const View view, std::uint64_t first_path, std::int64_t paths, const OutcomeView out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * block + threadIdx.x;
  if (at >= paths) return;
  const std::uint64_t number = first_path + static_cast<std::uint64_t>(at);
  const PathNumber<float> path{static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)
                                                                       << 8};
  constexpr bool fixed = Size::unroll > 1;
  float holdings[fixed ? Size::unroll : assets_max], factor[fixed ? 4 : factors_max];
  if constexpr (fixed) {
    __shared__ float logs[Size::always_apart ? Size::unroll * block : 1];
    path_body<Size, false, FromHistory, false>(view, path, out, {}, at, holdings, factor,
                                               OwnLogs<float>{logs + threadIdx.x, block});
  } else {
    float logs[FromHistory ? 1 : assets_max];
    path_body<Size, false, FromHistory, false>(view, path, out, {}, at, holdings, factor,
                                               OwnLogs<float>{logs, 1});
  }
}

// A stream of its own with room for a chunk's outcomes.
class Chunk {
 public:
  explicit Chunk(std::size_t n)
      : final_equity_(n), turnover_(n), costs_(n), drawdown_max_(n), ruin_step_(n), final_regime_(n) {}
  ~Chunk() { cudaStreamSynchronize(stream_); }  // nothing may run on in the buffers
  cudaStream_t stream() const { return stream_; }
  OutcomeView view() const {
    return {final_equity_.data(), turnover_.data(),  costs_.data(),
            drawdown_max_.data(), ruin_step_.data(), final_regime_.data()};
  }
  // Waits for the paths, and for their outcomes in `out` from `first` on.
  void fetch(const OutcomeView& out, std::int64_t first, std::int64_t paths) {
    copy(final_equity_, out.final_equity + first, paths);
    copy(turnover_, out.turnover + first, paths);
    copy(costs_, out.costs + first, paths);
    copy(drawdown_max_, out.drawdown_max + first, paths);
    copy(ruin_step_, out.ruin_step + first, paths);
    copy(final_regime_, out.final_regime + first, paths);
    stream_.wait();
  }

 private:
  template <class T>
  void copy(const DeviceBuffer<T>& from, T* to, std::int64_t paths) const {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(to, from.data(), static_cast<std::size_t>(paths) * sizeof(T),
                                      cudaMemcpyDeviceToHost, stream_));
  }

  Stream stream_;
  DeviceBuffer<double> final_equity_, turnover_, costs_;
  DeviceBuffer<float> drawdown_max_;
  DeviceBuffer<std::int32_t> ruin_step_;
  DeviceBuffer<std::uint8_t> final_regime_;
};

void launch(const View& view, std::uint64_t first_path, std::int64_t paths, const OutcomeView& out,
            cudaStream_t stream) {
  const auto grid = static_cast<unsigned>((paths + block - 1) / block);
  if (view.bars > 0) {
    REGENT_CUDA_LAUNCH((path_kernel<AnySizes, true>), grid, block, 0, stream, view, first_path, paths, out);
  } else if (view.assets == 16 && view.factors == 4 && view.apart) {
    REGENT_CUDA_LAUNCH((path_kernel<Sizes<16, 4, true>, false>), grid, block, 0, stream, view, first_path,
                       paths, out);
  } else if (view.assets == 16 && view.factors == 4) {
    REGENT_CUDA_LAUNCH((path_kernel<Sizes<16, 4, false>, false>), grid, block, 0, stream, view, first_path,
                       paths, out);
  } else {
    REGENT_CUDA_LAUNCH((path_kernel<AnySizes, false>), grid, block, 0, stream, view, first_path, paths, out);
  }
}

}  // namespace

void run_gpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const OutcomeView& out) {
  const cudaStream_t stream = resources.gpu()->stream;
  const DeviceBuffer<float> tables(std::span<const float>(packed.floats), stream);
  REGENT_CUDA_CHECK(cudaStreamSynchronize(stream));  // the chunks have streams of their own
  const View view = packed.at(tables.data());
  const auto room = static_cast<std::size_t>(std::min(paths, chunk));
  Chunk chunks[] = {Chunk(room), Chunk(room)};
  const auto begin = [&](std::int64_t first) {
    if (first >= paths) return;
    const Chunk& own = chunks[first / chunk % 2];
    launch(view, first_path + static_cast<std::uint64_t>(first), std::min(chunk, paths - first), own.view(),
           own.stream());
  };
  begin(0);
  for (std::int64_t first = 0; first < paths; first += chunk) {
    begin(first + chunk);
    chunks[first / chunk % 2].fetch(out, first, std::min(chunk, paths - first));
  }
}

}  // namespace regent::cuda::scenario::detail
