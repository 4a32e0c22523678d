// Up to 128 in three stages (eigen_sweeps_body.hpp): a block for each matrix, one thread for each, and a
// block for each slab of rows; larger ones, and those that the device's blocks cannot hold, by cuSOLVER,
// scaled before, checked after and put in order by the same body.

#include "cuda/covariance/eigen_gpu.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "cuda/covariance/cusolver.cuh"
#include "cuda/covariance/eigen.hpp"
#include "cuda/covariance/eigen_turn_body.hpp"
#include "cuda/runtime/gpu_state.cuh"

namespace regent::cuda::covariance {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

constexpr int warp = 32, threads_max = 512;
constexpr int row_threads = 128;  // a row of a matrix each
// Matrices whose sweeps go side by side in one warp: few, as each waits for those with more to do.
constexpr int sweepers = 4;
// Of the matrices of a chunk: 256 MiB in fp32 and, but for the smallest, five times that with all that goes
// with them; counts stay within 31 bits.
constexpr std::int64_t entries_max = std::int64_t{1} << 26;

constexpr int whole_warps(int threads) {
  return (threads + warp - 1) / warp * warp;
}

// Of the first stage. Its chains are short where several threads share a row, which pays where shared memory
// holds few matrices.
template <class T>
constexpr int threads_of(int size) {
  const int shares = size <= warp ? 1 : size <= 64 || sizeof(T) == sizeof(float) ? 2 : shares_max;
  return whole_warps(size) * shares;
}
// blocks in a multiprocessor for which registers must suffice: as many of the largest as shared memory holds
// in fp64, one more in fp32, where more of smaller ones fit
template <class T>
constexpr int reduced_at_once = sizeof(T) == sizeof(float) ? 4 : 1;

struct BlockTeam {
  int index = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);

  __device__ void sync() const { __syncthreads(); }
  template <class T>
  __device__ T sum(T x) {
    for (int offset = warp / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(~0U, x, offset);
    return over_warps(x, [](T a, T b) { return a + b; });
  }
  template <class Bits>
  __device__ Bits largest(Bits x) {
    const auto larger = [](Bits a, Bits b) { return a < b ? b : a; };
    for (int offset = warp / 2; offset > 0; offset /= 2) x = larger(x, __shfl_xor_sync(~0U, x, offset));
    return over_warps(x, larger);
  }

 private:
  int turn_ = 0;  // which of two places: one is read while the next is written

  template <class T, class Join>
  __device__ T over_warps(T x, const Join& join) {
    __shared__ T parts[2][threads_max / warp];
    turn_ ^= 1;
    if (index % warp == 0) parts[turn_][index / warp] = x;
    __syncthreads();
    T joined = parts[turn_][0];
    for (int i = 1; i < threads / warp; ++i) joined = join(joined, parts[turn_][i]);
    return joined;
  }
};

extern __shared__ __align__(16) double block_memory[];

template <class T>
__global__ void __launch_bounds__(threads_of<T>(staged_size_max), reduced_at_once<T>)
    reduce_kernel(const EigenJob<T> job, const EigenStages<T> stages) {
  BlockTeam team;
  reduce_by_team<T>(team, job, stages, static_cast<int>(blockIdx.x), block_memory);
}

// A round of each matrix, on a copy of its T; counts those that are not through with it.
template <class T>
__global__ void __launch_bounds__(sweepers)
    sweep_kernel(const EigenJob<T> job, const EigenStages<T> stages, int* unfinished) {
  const int index = static_cast<int>(blockIdx.x * sweepers + threadIdx.x), n = job.size;
  if (index >= job.count || stages.states[index].finished) return;
  T* const diagonal = reinterpret_cast<T*>(block_memory) + static_cast<int>(threadIdx.x) * 2 * team_step(n);
  T* const beside = diagonal + team_step(n);
  T *const values = job.values + static_cast<long>(index) * n, *const couplings =
                                                                   stages.beside +
                                                                   static_cast<long>(index) * n;
  for (int k = 0; k < n; ++k) {
    diagonal[k] = values[k];
    beside[k] = couplings[k];
  }
  make_sweeps(stages, n, index, diagonal, beside);
  for (int k = 0; k < n; ++k) {
    values[k] = diagonal[k];
    couplings[k] = beside[k];
  }
  if (!stages.states[index].made) atomicAdd(unfinished, 1);
}

template <class T>
__global__ void __launch_bounds__(slab_rows_max)
    turn_kernel(const EigenJob<T> job, const EigenStages<T> stages) {
  BlockTeam team;
  turn_by_team<T>(team, job, stages, static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y),
                  block_memory);
}

template <class T>
__global__ void __launch_bounds__(row_threads)
    finish_kernel(const EigenJob<T> job, const EigenStages<T> stages) {
  BlockTeam team;
  finish_by_team<T>(team, job, stages, static_cast<int>(blockIdx.x), block_memory);
}

// What lies between the two kernels around cuSOLVER, for each matrix.
template <class T>
struct Between {
  Scaling<T>* scaling;  // [count]
  T* probes;            // [count, 6, size]: A x, the signs of x and room for V x, both probes
  const int* info;      // [count]
};

template <class T>
__global__ void __launch_bounds__(row_threads) scale_kernel(const EigenJob<T> job, const Between<T> between) {
  BlockTeam team;
  const long index = blockIdx.x, n = job.size;
  TeamSpace<T> s{};
  s.n = s.step = job.size;
  s.square = job.vectors + index * n * n;
  s.products = between.probes + index * 6 * n;
  s.parts = s.products + 2 * n;
  const Scaling<T> scaling = load(team, job.matrices + index * n * n, s);
  multiply_probes(team, s);
  if (team.index == 0) between.scaling[index] = scaling;
}

template <class T>
__global__ void __launch_bounds__(row_threads) check_kernel(const EigenJob<T> job, const Between<T> between) {
  BlockTeam team;
  const int index = static_cast<int>(blockIdx.x), n = job.size;
  T *const values = job.values + static_cast<long>(index) * n, *const vectors =
                                                                   job.vectors +
                                                                   static_cast<long>(index) * n * n;
  const T *const products = between.probes + static_cast<long>(index) * 6 * n, *const signs =
                                                                                   products + 2 * n;
  T* const parts = between.probes + (static_cast<long>(index) * 6 + 4) * n;
  if (between.info[index] == 0) mend_order(team, n, values, vectors);  // else they may be in any order
  for (int k = team.index; k < n; k += team.threads) {
    T sums[2];
    multiply_vector(vectors + static_cast<long>(k) * n, n, signs, sums);
    for (int probe = 0; probe < 2; ++probe) parts[probe * n + k] = sums[probe];
  }
  team.sync();
  const Scaling<T> scaling = between.scaling[index];
  const TeamCheck<T> found = check(team, n, vectors, values, parts, products);
  EigenOutcome outcome =
      judged(scaling.outcome, found.residual, found.orthogonality, found.largest * scaling.unscale, n);
  if (outcome == EigenOutcome::solved && between.info[index] != 0) outcome = EigenOutcome::not_converged;
  store_checked(team, job, index, values, scaling.unscale, found, outcome);
}

template <class T>
bool fits_a_block(const Resources& resources, int size) {
  return size <= staged_size_max && team_bytes<T>(size) <= resources.gpu()->properties.sharedMemPerBlockOptin;
}

template <class T>
std::size_t sweep_bytes(int size) {
  return static_cast<std::size_t>(sweepers) * 2 * static_cast<std::size_t>(team_step(size)) * sizeof(T);
}

// Of the largest matrix that fits, whatever this one's size: a kernel has one limit for all who launch it.
template <class T>
void allow_shared_memory(const Resources& resources) {
  int largest = staged_size_max;
  while (!fits_a_block<T>(resources, largest)) --largest;
  REGENT_CUDA_CHECK(cudaFuncSetAttribute(reduce_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                         static_cast<int>(team_bytes<T>(largest))));
  REGENT_CUDA_CHECK(cudaFuncSetAttribute(turn_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                         static_cast<int>(slab_bytes<T>(largest))));
}

}  // namespace

template <class T>
struct EigenGpu<T>::State {
  // of cuSOLVER
  struct Library {
    DeviceBuffer<Scaling<T>> scaling;
    DeviceBuffer<T> probes;
    DeviceBuffer<int> info;
    CusolverEigen solver;
    Library(cudaStream_t stream, int size, std::size_t count)
        : scaling(count),
          probes(count * 6 * static_cast<std::size_t>(size)),
          info(count),
          solver(stream, sizeof(T) == sizeof(float) ? CUDA_R_32F : CUDA_R_64F, size,
                 static_cast<int>(count)) {}
    Between<T> between() const { return {scaling.data(), probes.data(), info.data()}; }
  };

  // of our own kernels
  struct Staged {
    int rotations_max, sweeps_max;
    DeviceBuffer<Scaling<T>> scaling;
    DeviceBuffer<T> products, beside, rotations, parts;
    DeviceBuffer<std::uint8_t> lows, highs;
    DeviceBuffer<SweepState> states;
    DeviceBuffer<int> unfinished;
    Staged(int n, std::size_t count)
        : rotations_max(rotations_of_a_round(n)),
          sweeps_max(sweeps_of_a_round(n)),
          scaling(count),
          products(count * 2 * static_cast<std::size_t>(n)),
          beside(count * static_cast<std::size_t>(n)),
          rotations(count * 2 * static_cast<std::size_t>(rotations_max)),
          parts(products.size() * static_cast<std::size_t>(slabs_of(n))),
          lows(count * static_cast<std::size_t>(sweeps_max)),
          highs(lows.size()),
          states(count),
          unfinished(1) {}
    EigenStages<T> stages() const {
      return {rotations_max,    sweeps_max,  scaling.data(), products.data(), beside.data(),
              rotations.data(), lows.data(), highs.data(),   states.data(),   parts.data()};
    }
  };

  cudaStream_t stream;
  int size, count = 0;
  DeviceBuffer<T> matrices, values, vectors, residual, orthogonality;
  DeviceBuffer<EigenOutcome> outcomes;
  std::optional<Library> library;
  std::optional<Staged> staged;

  State(cudaStream_t on, int n, std::size_t count_max)
      : stream(on),
        size(n),
        matrices(count_max * static_cast<std::size_t>(n) * static_cast<std::size_t>(n)),
        values(count_max * static_cast<std::size_t>(n)),
        vectors(matrices.size()),
        residual(count_max),
        orthogonality(count_max),
        outcomes(count_max) {}
  EigenJob<T> job() const {
    return {matrices.data(),      size,           count, values.data(), vectors.data(), residual.data(),
            orthogonality.data(), outcomes.data()};
  }
  void solve_in_stages() {
    const EigenJob<T> j = job();
    const EigenStages<T> stages = staged->stages();
    const auto grid = static_cast<unsigned>(count), sweep_grid = (grid + sweepers - 1) / sweepers;
    const dim3 slabs(grid, static_cast<unsigned>(slabs_of(size)));
    REGENT_CUDA_LAUNCH(reduce_kernel<T>, grid, threads_of<T>(size), team_bytes<T>(size), stream, j, stages);
    for (int unfinished = count; unfinished > 0;) {
      staged->unfinished.clear(stream);
      REGENT_CUDA_LAUNCH(sweep_kernel<T>, sweep_grid, sweepers, sweep_bytes<T>(size), stream, j, stages,
                         staged->unfinished.data());
      REGENT_CUDA_LAUNCH(turn_kernel<T>, slabs, whole_warps(rows_of_a_slab(size)), slab_bytes<T>(size),
                         stream, j, stages);
      REGENT_CUDA_LAUNCH(finish_kernel<T>, grid, std::min(row_threads, whole_warps(size)),
                         check_bytes<T>(size), stream, j, stages);
      staged->unfinished.download(std::span(&unfinished, 1), stream);
    }
  }
  template <class Value>
  void copy(const DeviceBuffer<Value>& from, Value* to, std::size_t each) const {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(to, from.data(), static_cast<std::size_t>(count) * each * sizeof(Value),
                                      cudaMemcpyDeviceToHost, stream));
  }
};

template <class T>
EigenGpu<T>::EigenGpu(const Resources& resources, int size, int count_max, EigenGpuMethod method)
    : state_(std::make_unique<State>(resources.gpu()->stream, size, static_cast<std::size_t>(count_max))) {
  if (method == EigenGpuMethod::by_size && fits_a_block<T>(resources, size)) {
    allow_shared_memory<T>(resources);
    state_->staged.emplace(size, static_cast<std::size_t>(count_max));
  } else {
    state_->library.emplace(state_->stream, size, static_cast<std::size_t>(count_max));
  }
}

template <class T>
EigenGpu<T>::~EigenGpu() = default;

template <class T>
void EigenGpu<T>::send(const T* matrices, int count) {
  state_->count = count;
  const std::size_t entries = static_cast<std::size_t>(count) * static_cast<std::size_t>(state_->size) *
                              static_cast<std::size_t>(state_->size);
  REGENT_CUDA_CHECK(cudaMemcpyAsync(state_->matrices.data(), matrices, entries * sizeof(T),
                                    cudaMemcpyHostToDevice, state_->stream));
}

template <class T>
void EigenGpu<T>::solve() {
  const EigenJob<T> job = state_->job();
  const auto grid = static_cast<unsigned>(job.count);
  if (job.count == 0) return;
  if (state_->staged) return state_->solve_in_stages();
  const Between<T> between = state_->library->between();
  REGENT_CUDA_LAUNCH(scale_kernel<T>, grid, row_threads, 0, state_->stream, job, between);
  state_->library->solver.solve(job.vectors, job.values, state_->library->info.data(), job.count);
  REGENT_CUDA_LAUNCH(check_kernel<T>, grid, row_threads, 0, state_->stream, job, between);
}

template <class T>
void EigenGpu<T>::wait() const {
  REGENT_CUDA_CHECK(cudaStreamSynchronize(state_->stream));
}

template <class T>
void EigenGpu<T>::fetch(const EigenJob<T>& to) {
  const auto size = static_cast<std::size_t>(state_->size);
  state_->copy(state_->values, to.values, size);
  state_->copy(state_->vectors, to.vectors, size * size);
  state_->copy(state_->residual, to.residual, 1);
  state_->copy(state_->orthogonality, to.orthogonality, 1);
  state_->copy(state_->outcomes, to.outcomes, 1);
  wait();
}

template <class T>
void eigen_gpu(const Resources& resources, const EigenJob<T>& job) {
  if (job.count == 0) return;
  const std::int64_t square = std::int64_t{job.size} * job.size;
  const int chunk = static_cast<int>(std::clamp<std::int64_t>(entries_max / square, 1, job.count));
  EigenGpu<T> gpu(resources, job.size, chunk);
  for (int first = 0; first < job.count; first += chunk) {
    const int count = std::min(chunk, job.count - first);
    const std::int64_t at = first;
    gpu.send(job.matrices + at * square, count);
    gpu.solve();
    gpu.fetch({nullptr, job.size, count, job.values + at * job.size, job.vectors + at * square,
               job.residual + at, job.orthogonality + at, job.outcomes + at});
  }
}

template class EigenGpu<float>;
template class EigenGpu<double>;
template void eigen_gpu(const Resources&, const EigenJob<float>&);
template void eigen_gpu(const Resources&, const EigenJob<double>&);

}  // namespace regent::cuda::covariance
