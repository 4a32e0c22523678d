// One thread per path. Sixteen assets with four factors, the usual size of a dream, have their tables,
// holdings and own volatilities in shared memory, so that four assets at a time go through the same
// instructions: four times as many would not stay in the instruction cache. Other sizes have tables in the
// cached global memory and the rest in local memory.

#include <algorithm>
#include <array>

#include "cuda/runtime/check.cuh"
#include "cuda/runtime/gpu_state.cuh"
#include "cuda/runtime/parcel.cuh"
#include "cuda/runtime/stream.cuh"
#include "cuda/scenario/launch.hpp"
#include "cuda/scenario/path_body.hpp"

namespace regent::cuda::scenario::detail {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

constexpr int block = 128;
// so many that registers suffice without spills
template <class Size>
constexpr int blocks_per_multiprocessor = Size::fixed ? 6 : 4;
// Paths of one launch, more than run at once; their outcomes are fetched while the next launches run.
constexpr std::int64_t chunk = std::int64_t{1} << 17, chunks_in_flight = 4;

// The shared memory of a block. The compiler would make its address again wherever it is used.
__device__ __forceinline__ float* shared_memory() {
  extern __shared__ float4 memory[];
  auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(memory));
  asm("" : "+r"(address));
  return static_cast<float*>(__builtin_assume_aligned(__cvta_shared_to_generic(address), 16));
}

// Of a block: holdings and own volatilities, and the tables behind them.
template <class Size>
struct SharedMemory {
  static constexpr int values = Size::assets_known * block, tables_at = (Size::always_apart ? 2 : 1) * values;
  static constexpr unsigned bytes(int regimes) {
    return static_cast<unsigned>((tables_at + RowTables<Size::assets_known>::size(regimes)) * sizeof(float));
  }
  // what a block gets unasked
  static_assert(bytes(RowTables<Size::assets_known>::regimes_max) <= 48U << 10);
};

template <class Size, bool FromHistory>
__global__ void __launch_bounds__(block, blocks_per_multiprocessor<Size>)
    path_kernel(const __grid_constant__ View view, std::uint64_t first_path, std::int64_t paths,
                const OutcomeView out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * block + threadIdx.x;
  const std::uint64_t number = first_path + static_cast<std::uint64_t>(at);
  const PathNumber<float> path{static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)
                                                                       << 8};
  if constexpr (Size::fixed) {
    using Shared = SharedMemory<Size>;
    using Values = PerAsset<float, 4 * block>;
    float* memory = shared_memory();
    fill_rows<Size::assets_known>(view, static_cast<int>(threadIdx.x), block, memory + Shared::tables_at);
    __syncthreads();
    if (at >= paths) return;
    const Values holdings{memory + 4 * threadIdx.x};
    const Values logs{holdings.first + (Size::always_apart ? Shared::values : 0)};
    const auto tables = RowTables<Size::assets_known>::at(memory + Shared::tables_at);
    float factor[4];
    path_body<Size, FromHistory, false>(view, tables, path, out, {}, at, holdings, factor, logs);
  } else {
    if (at >= paths) return;
    float holdings[assets_max], factor[factors_max], logs[FromHistory ? 1 : assets_max];
    path_body<Size, FromHistory, false>(view, ViewTables<0>{view, view.curve}, path, out, {}, at,
                                        PerAsset<float>{holdings}, factor, PerAsset<float>{logs});
  }
}

// The outcomes of `paths` paths, one array behind the other.
constexpr std::size_t outcome_bytes = 3 * sizeof(double) + sizeof(float) + sizeof(std::int32_t) + 1;
OutcomeView outcomes_at(char* at, std::int64_t paths) {
  auto* doubles = reinterpret_cast<double*>(at);
  auto* drawdown = reinterpret_cast<float*>(doubles + 3 * paths);
  auto* ruin = reinterpret_cast<std::int32_t*>(drawdown + paths);
  return {doubles,
          doubles + paths,
          doubles + 2 * paths,
          drawdown,
          ruin,
          reinterpret_cast<std::uint8_t*>(ruin + paths)};
}

// A stream of its own with room for a chunk's outcomes.
class Chunk {
 public:
  cudaStream_t stream() const { return stream_; }
  // What was asked of it in a run that was thrown out of may still be going on.
  void make_ready(std::int64_t paths) {
    stream_.wait();
    grow(device_, static_cast<std::size_t>(paths) * outcome_bytes);
    grow(host_, static_cast<std::size_t>(paths) * outcome_bytes);
  }
  OutcomeView view(std::int64_t paths) const { return outcomes_at(device_.data(), paths); }
  // The outcomes of paths that the stream is asked for.
  void send_home(std::int64_t paths) {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(host_.data(), device_.data(),
                                      static_cast<std::size_t>(paths) * outcome_bytes, cudaMemcpyDeviceToHost,
                                      stream_));
  }
  // Waits for them, and puts them into `out` from `first` on.
  void fetch(const OutcomeView& out, std::int64_t first, std::int64_t paths) {
    stream_.wait();
    const OutcomeView from = outcomes_at(host_.data(), paths);
    const auto copy = [&](const auto* values, auto* to) {
      parallel_copy(to + first, values, static_cast<std::size_t>(paths) * sizeof *values);
    };
    copy(from.final_equity, out.final_equity);
    copy(from.turnover, out.turnover);
    copy(from.costs, out.costs);
    copy(from.drawdown_max, out.drawdown_max);
    copy(from.ruin_step, out.ruin_step);
    copy(from.final_regime, out.final_regime);
  }

 private:
  Stream stream_;
  DeviceBuffer<char> device_;
  PinnedBuffer<char> host_;
};

// What runs keep for those after them: it only grows.
struct ScenarioMemory {
  std::mutex running;
  Parcel tables;
  std::array<Chunk, chunks_in_flight> chunks;
  ~ScenarioMemory() {
    for (const Chunk& chunk : chunks) cudaStreamSynchronize(chunk.stream());  // nothing may run on in them
  }
};

template <class Size, bool FromHistory>
void launch_sized(const View& view, std::uint64_t first_path, std::int64_t paths, const OutcomeView& out,
                  cudaStream_t stream) {
  unsigned shared = 0;
  if constexpr (Size::fixed) {
    shared = SharedMemory<Size>::bytes(view.regimes);
    // else the driver may leave room for fewer blocks than the registers do
    REGENT_CUDA_CHECK(cudaFuncSetAttribute(path_kernel<Size, FromHistory>,
                                           cudaFuncAttributePreferredSharedMemoryCarveout,
                                           cudaSharedmemCarveoutMaxShared));
  }
  REGENT_CUDA_LAUNCH((path_kernel<Size, FromHistory>), static_cast<unsigned>((paths + block - 1) / block),
                     block, shared, stream, view, first_path, paths, out);
}

void launch(const View& view, std::uint64_t first_path, std::int64_t paths, const OutcomeView& out,
            cudaStream_t stream) {
  const bool usual = view.assets == 16 && view.factors == 4;
  const auto sized = view.bars > 0         ? launch_sized<AnySizes, true>
                     : usual && view.apart ? launch_sized<Sizes<16, 4, true>, false>
                     : usual               ? launch_sized<Sizes<16, 4, false>, false>
                                           : launch_sized<AnySizes, false>;
  sized(view, first_path, paths, out, stream);
}

}  // namespace

void run_gpu(const Resources& resources, const Packed& packed, std::uint64_t first_path, std::int64_t paths,
             const std::function<OutcomeView()>& room) {
  const cudaStream_t stream = resources.gpu()->stream;
  const auto memory = kept_of<ScenarioMemory>(*resources.gpu());
  const std::lock_guard guard(memory->running);
  for (Chunk& own : memory->chunks) own.make_ready(std::min(paths, chunk));
  const std::span<const float> floats(packed.floats);
  memory->tables.begin(Parcel::room(floats));
  const View view = packed.at(memory->tables.put(floats));
  memory->tables.send(stream);
  REGENT_CUDA_CHECK(cudaStreamSynchronize(stream));  // the chunks have streams of their own
  const auto chunk_of = [&](std::int64_t first) -> Chunk& {
    return memory->chunks[static_cast<std::size_t>(first / chunk % chunks_in_flight)];
  };
  const auto begin = [&](std::int64_t first) {
    if (first >= paths) return;
    const std::int64_t count = std::min(chunk, paths - first);
    Chunk& own = chunk_of(first);
    launch(view, first_path + static_cast<std::uint64_t>(first), count, own.view(count), own.stream());
    own.send_home(count);
  };
  for (std::int64_t i = 0; i < chunks_in_flight; ++i) begin(i * chunk);
  const OutcomeView out = room();
  for (std::int64_t first = 0; first < paths; first += chunk) {
    chunk_of(first).fetch(out, first, std::min(chunk, paths - first));
    begin(first + chunks_in_flight * chunk);
  }
}

}  // namespace regent::cuda::scenario::detail
