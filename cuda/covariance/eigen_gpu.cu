// Up to 128 in three stages (eigen_sweeps_body.hpp): a warp or a block for each matrix, everything in shared
// memory, and one thread for each between them; larger ones, and those that the device's blocks cannot hold,
// by cuSOLVER, scaled before and checked after by the same body.

#include "cuda/covariance/eigen_gpu.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "cuda/covariance/cusolver.cuh"
#include "cuda/covariance/eigen.hpp"
#include "cuda/covariance/eigen_team_body.hpp"
#include "cuda/runtime/gpu_state.cuh"

namespace regent::cuda::covariance {
namespace {

static_assert(__cplusplus >= 202002L, "the CUDA compiler must be told -std=c++20");

constexpr int warp = 32, threads_max = 128;
// Matrices whose sweeps go side by side in one warp: few, as each waits for those with more to do.
constexpr int sweepers = 8;
// Of the matrices of a chunk: 256 MiB in fp32 and, but for the smallest, five times that with all that goes
// with them; counts stay within 31 bits.
constexpr std::int64_t entries_max = std::int64_t{1} << 26;

struct BlockTeam {
  int index = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);

  __device__ void sync() const { __syncthreads(); }
  template <class T>
  __device__ T sum(T x) const {
    for (int offset = warp / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(~0U, x, offset);
    return over_warps(x, [](T a, T b) { return a + b; });
  }
  template <class Bits>
  __device__ Bits largest(Bits x) const {
    const auto larger = [](Bits a, Bits b) { return a < b ? b : a; };
    for (int offset = warp / 2; offset > 0; offset /= 2) x = larger(x, __shfl_xor_sync(~0U, x, offset));
    return over_warps(x, larger);
  }

 private:
  template <class T, class Join>
  __device__ T over_warps(T x, const Join& join) const {
    __shared__ T parts[threads_max / warp];
    if (index % warp == 0) parts[index / warp] = x;
    __syncthreads();
    T joined = parts[0];
    for (int i = 1; i < threads / warp; ++i) joined = join(joined, parts[i]);
    __syncthreads();
    return joined;
  }
};

extern __shared__ double block_memory[];

template <class T>
__global__ void __launch_bounds__(threads_max)
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
__global__ void __launch_bounds__(threads_max)
    finish_kernel(const EigenJob<T> job, const EigenStages<T> stages) {
  BlockTeam team;
  finish_by_team<T>(team, job, stages, static_cast<int>(blockIdx.x), block_memory);
}

// What lies between the two kernels around cuSOLVER, for each matrix.
template <class T>
struct Between {
  Scaling<T>* scaling;  // [count]
  T* probes;            // [count, 4, size]: A x and room for V x, both probes
  const int* info;      // [count]
};

template <class T>
__device__ TeamSpace<T> space_of(const EigenJob<T>& job, const Between<T>& between, long index) {
  TeamSpace<T> s{};
  s.n = s.step = job.size;
  s.square = job.vectors + index * s.n * s.n;
  s.diagonal = job.values + index * s.n;
  s.products = between.probes + index * 4 * s.n;
  s.parts = s.products + 2 * s.n;
  return s;
}

template <class T>
__global__ void __launch_bounds__(threads_max) scale_kernel(const EigenJob<T> job, const Between<T> between) {
  BlockTeam team;
  const TeamSpace<T> s = space_of(job, between, blockIdx.x);
  const Scaling<T> scaling = load(team, job.matrices + static_cast<long>(blockIdx.x) * s.n * s.n, s);
  multiply_probes(team, s);
  if (team.index == 0) between.scaling[blockIdx.x] = scaling;
}

template <class T>
__global__ void __launch_bounds__(threads_max) check_kernel(const EigenJob<T> job, const Between<T> between) {
  BlockTeam team;
  const int index = static_cast<int>(blockIdx.x);
  const TeamSpace<T> s = space_of(job, between, index);
  const Scaling<T> scaling = between.scaling[index];
  const TeamCheck<T> found = check(team, s);
  EigenOutcome outcome =
      judged(scaling.outcome, found.residual, found.orthogonality, found.largest * scaling.unscale, s.n);
  if (outcome == EigenOutcome::solved && between.info[index] != 0) outcome = EigenOutcome::not_converged;
  const bool good = outcome == EigenOutcome::solved;
  const T nan = not_a_number<T>();
  for (int k = team.index; k < s.n; k += team.threads) {
    s.diagonal[k] = good ? s.diagonal[k] * scaling.unscale : nan;
    for (int i = 0; !good && i < s.n; ++i) s.square[static_cast<long>(i) * s.n + k] = nan;
  }
  if (team.index != 0) return;
  job.residual[index] = found.residual;
  job.orthogonality[index] = found.orthogonality;
  job.outcomes[index] = outcome;
}

template <class T>
bool fits_a_block(const Resources& resources, int size) {
  return size <= staged_size_max && team_bytes<T>(size) <= resources.gpu()->properties.sharedMemPerBlockOptin;
}

template <class T>
std::size_t sweep_bytes(int size) {
  return static_cast<std::size_t>(sweepers) * 2 * static_cast<std::size_t>(team_step(size)) * sizeof(T);
}

template <class T>
void allow_shared_memory(std::size_t bytes) {
  for (auto* kernel : {reduce_kernel<T>, finish_kernel<T>})
    REGENT_CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
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
          probes(count * 4 * static_cast<std::size_t>(size)),
          info(count),
          solver(stream, sizeof(T) == sizeof(float) ? CUDA_R_32F : CUDA_R_64F, size,
                 static_cast<int>(count)) {}
    Between<T> between() const { return {scaling.data(), probes.data(), info.data()}; }
  };

  // of our own kernels
  struct Staged {
    int rotations_max, sweeps_max;
    DeviceBuffer<Scaling<T>> scaling;
    DeviceBuffer<T> products, beside, rotations;
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
          lows(count * static_cast<std::size_t>(sweeps_max)),
          highs(lows.size()),
          states(count),
          unfinished(1) {}
    EigenStages<T> stages() const {
      return {rotations_max,    sweeps_max,  scaling.data(), products.data(), beside.data(),
              rotations.data(), lows.data(), highs.data(),   states.data()};
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
    const int threads = std::min(threads_max, (size + warp - 1) / warp * warp);
    REGENT_CUDA_LAUNCH(reduce_kernel<T>, grid, threads, team_bytes<T>(size), stream, j, stages);
    for (int unfinished = count; unfinished > 0;) {
      staged->unfinished.clear(stream);
      REGENT_CUDA_LAUNCH(sweep_kernel<T>, sweep_grid, sweepers, sweep_bytes<T>(size), stream, j, stages,
                         staged->unfinished.data());
      REGENT_CUDA_LAUNCH(finish_kernel<T>, grid, threads, team_bytes<T>(size), stream, j, stages);
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
    allow_shared_memory<T>(team_bytes<T>(size));
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
  REGENT_CUDA_LAUNCH(scale_kernel<T>, grid, threads_max, 0, state_->stream, job, between);
  state_->library->solver.solve(job.vectors, job.values, state_->library->info.data(), job.count);
  REGENT_CUDA_LAUNCH(check_kernel<T>, grid, threads_max, 0, state_->stream, job, between);
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
