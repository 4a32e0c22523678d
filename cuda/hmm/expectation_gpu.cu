// The E-step on the device: every warp runs one chunk of the bars of one block of lanes (chunk_body.hpp).
// What a chunk keeps between its ways lies in a workspace for as many chunks as fit; with more of them they
// take turns.

#include <algorithm>

#include "cuda/hmm/backends.hpp"
#include "cuda/hmm/chunk_body.hpp"
#include "cuda/hmm/device_batch.cuh"
#include "cuda/hmm/shape_dispatch.hpp"
#include "cuda/runtime/parallel_copy.hpp"
#include "cuda/runtime/pinned_buffer.cuh"
#include "cuda/runtime/stream.cuh"

namespace regent::cuda::hmm {
namespace {

constexpr int warps_per_processor = 12;      // so many a thread's registers must allow
constexpr std::size_t workspace_share = 16;  // of the device's memory, at most one in so many bytes
constexpr int rows_at_once = 8;              // of counts, a warp each

template <class T, class S, class Emission>
__global__ void __launch_bounds__(lane_block, warps_per_processor)
    chunk_kernel(ChunkJob<T> job, std::int64_t first_unit, ChunkWorkspace<T> workspace) {
  const std::int64_t unit = first_unit + blockIdx.x, chunks = job.chunks();
  const int lane = static_cast<int>(unit / chunks) * lane_block + static_cast<int>(threadIdx.x);
  if (!chunk_wanted(job, unit, lane)) return;
  run_chunk<T, S, Emission>(job, lane, unit % chunks, workspace, blockIdx.x);
}

template <class T>
__global__ void __launch_bounds__(lane_block) seam_kernel(ChunkJob<T> job, int* differing) {
  const std::int64_t unit = blockIdx.x;
  const int lane = static_cast<int>(unit / job.chunks()) * lane_block + static_cast<int>(threadIdx.x);
  if (check_seams(job, unit, lane) && lane < job.batch.lanes) atomicAdd(differing, 1);
}

// Row `rows` is the log-likelihood.
template <class T>
__global__ void __launch_bounds__(lane_block* rows_at_once)
    sum_kernel(ChunkJob<T> job, int rows, double* counts, double* log_likelihood) {
  const int row = static_cast<int>(blockIdx.y) * rows_at_once + static_cast<int>(threadIdx.y);
  if (row > rows) return;
  const std::size_t block = blockIdx.x, offset = threadIdx.x;
  const int lane = static_cast<int>(block * lane_block + offset);
  if (row < rows) {
    counts[(block * rows + row) * lane_block + offset] = sum_of_chunks(job, job.counts, rows, row, lane);
  } else {
    log_likelihood[lane] = sum_of_chunks(job, job.log_likelihood, 1, 0, lane);
  }
}

template <class T>
class GpuExpectation : public ExpectationBackend<T> {
 public:
  GpuExpectation(const Resources& resources, const BatchView<T>& batch)
      : batch_(batch, false, stream_),
        padded_(blocks_of(batch.lanes) * lane_block),
        states_(batch.shape.states()),
        count_rows_(static_cast<int>(count_count(batch) / padded_)),
        parameters_(parameter_count(batch)),
        counts_(count_count(batch)),
        log_likelihood_(padded_),
        active_(batch.lanes),
        differing_(1),
        counts_out_(counts_.size()),
        log_likelihood_out_(padded_),
        differing_out_(1) {
    job_.batch = batch_.view();
    const std::size_t units = blocks_of(batch.lanes) * job_.chunks();
    const std::size_t unit_bytes = chunk_workspace(job_, 1).size() * sizeof(T);
    const std::size_t bytes = resources.gpu()->properties.totalGlobalMem / workspace_share;
    // no more than run at once: EM has several of these
    const auto running =
        static_cast<std::size_t>(resources.gpu()->properties.multiProcessorCount) * warps_per_processor;
    units_at_once_ = std::clamp(bytes / unit_bytes, std::size_t{1}, std::min(units, running));
    workspace_ = chunk_workspace(job_, units_at_once_);
    workspace_memory_ = DeviceBuffer<T>(workspace_.size());
    workspace_.base = workspace_memory_.data();
    unit_counts_ = DeviceBuffer<double>(units * count_rows_ * lane_block);
    unit_likelihoods_ = DeviceBuffer<double>(units * lane_block);
    const std::size_t seam_size = units * states_ * lane_block;
    seams_ = DeviceBuffer<T>(4 * seam_size);
    redo_ = DeviceBuffer<std::uint8_t>(units * lane_block);
    seams_.clear(stream_);
    job_.counts = unit_counts_.data();
    job_.log_likelihood = unit_likelihoods_.data();
    job_.law_given = seams_.data();
    job_.law_reached = seams_.data() + seam_size;
    job_.ahead_given = seams_.data() + 2 * seam_size;
    job_.ahead_reached = seams_.data() + 3 * seam_size;
    job_.redo = redo_.data();
    job_.active = active_.data();
  }
  ~GpuExpectation() override { cudaStreamSynchronize(stream_); }  // nothing may run on in the buffers

  void run(const ExpectationJob<T>& asked) override {
    ChunkJob<T> job = job_;
    job.batch.lanes = asked.batch.lanes;
    send(asked, job);
    launch_chunks(job);
    find_differing(job);
    fetch_sums(job);
    // So many rounds and no more where nothing is forgotten, see chunk_body.hpp; the β of a chunk may wait
    // for the densities of the next, which may wait for its law.
    std::int64_t rounds_left = 2 * job.chunks();
    for (bool again = differing_out_.data()[0] > 0; again; again = differing_out_.data()[0] > 0) {
      chunks_again_ += differing_out_.data()[0];
      REGENT_INVARIANT(rounds_left-- > 0, "the chunks of a series agree in the end");
      job.again = true;
      launch_chunks(job);
      job.again = false;
      find_differing(job);
      fetch_sums(job);
    }
    parallel_copy(asked.counts, counts_out_.data(), count_count(job.batch) * sizeof(double));
    parallel_copy(asked.log_likelihood, log_likelihood_out_.data(),
                  blocks_of(job.batch.lanes) * lane_block * sizeof(double));
  }

  std::int64_t run_again() const override { return chunks_again_; }

 private:
  void send(const ExpectationJob<T>& asked, ChunkJob<T>& job) {
    const std::size_t count = parameter_count(asked.batch);
    parallel_copy(parameters_.data(), asked.batch.parameters, count * sizeof(T));
    batch_.set_parameters(std::span<const T>(parameters_.data(), count), stream_);
    REGENT_CUDA_CHECK(
        cudaMemcpyAsync(active_.data(), asked.active, asked.batch.lanes, cudaMemcpyHostToDevice, stream_));
    if (asked.terminal == nullptr) return;
    if (terminal_.size() == 0) terminal_ = DeviceBuffer<T>(padded_ * states_);
    REGENT_CUDA_CHECK(cudaMemcpyAsync(terminal_.data(), asked.terminal,
                                      blocks_of(asked.batch.lanes) * lane_block * states_ * sizeof(T),
                                      cudaMemcpyHostToDevice, stream_));
    job.terminal = terminal_.data();
  }
  void launch_chunks(const ChunkJob<T>& job) {
    const std::size_t units = blocks_of(job.batch.lanes) * job.chunks();
    with_shape<T>(job.batch.shape, [&]<class S>() {
      const auto kernel = job.batch.law == EmissionLaw::student_t
                              ? chunk_kernel<T, S, StudentEmission<T, S>>
                              : chunk_kernel<T, S, GaussianEmission<T, S>>;
      for (std::size_t first = 0; first < units; first += units_at_once_) {
        const auto now = static_cast<unsigned>(std::min(units_at_once_, units - first));
        REGENT_CUDA_LAUNCH(kernel, now, lane_block, 0, stream_, job, static_cast<std::int64_t>(first),
                           workspace_);
      }
    });
  }
  void find_differing(const ChunkJob<T>& job) {
    differing_.clear(stream_);
    const auto units = static_cast<unsigned>(blocks_of(job.batch.lanes) * job.chunks());
    REGENT_CUDA_LAUNCH(seam_kernel<T>, units, lane_block, 0, stream_, job, differing_.data());
    fetch(differing_out_.data(), differing_.data(), 1);
  }
  // Waits for all of it.
  void fetch_sums(const ChunkJob<T>& job) {
    const auto blocks = static_cast<unsigned>(blocks_of(job.batch.lanes));
    const dim3 grid(blocks, static_cast<unsigned>(count_rows_ / rows_at_once + 1));
    const dim3 block(lane_block, rows_at_once);
    REGENT_CUDA_LAUNCH(sum_kernel<T>, grid, block, 0, stream_, job, count_rows_, counts_.data(),
                       log_likelihood_.data());
    fetch(counts_out_.data(), counts_.data(), count_count(job.batch));
    fetch(log_likelihood_out_.data(), log_likelihood_.data(), std::size_t{blocks} * lane_block);
    stream_.wait();
  }
  template <class V>
  void fetch(V* to, const V* from, std::size_t count) {
    REGENT_CUDA_CHECK(cudaMemcpyAsync(to, from, count * sizeof(V), cudaMemcpyDeviceToHost, stream_));
  }

  Stream stream_;
  DeviceBatch<T> batch_;
  ChunkJob<T> job_;
  std::int64_t chunks_again_ = 0;
  ChunkWorkspace<T> workspace_;
  std::size_t padded_, units_at_once_;
  int states_, count_rows_;
  PinnedBuffer<T> parameters_;
  DeviceBuffer<T> workspace_memory_, seams_, terminal_;
  DeviceBuffer<double> unit_counts_, unit_likelihoods_, counts_, log_likelihood_;
  DeviceBuffer<std::uint8_t> active_, redo_;
  DeviceBuffer<int> differing_;
  PinnedBuffer<double> counts_out_, log_likelihood_out_;
  PinnedBuffer<int> differing_out_;
};

}  // namespace

template <class T>
std::unique_ptr<ExpectationBackend<T>> expectation_gpu(const Resources& resources,
                                                       const BatchView<T>& batch) {
  return std::make_unique<GpuExpectation<T>>(resources, batch);
}

template std::unique_ptr<ExpectationBackend<float>> expectation_gpu(const Resources&,
                                                                    const BatchView<float>&);
template std::unique_ptr<ExpectationBackend<double>> expectation_gpu(const Resources&,
                                                                     const BatchView<double>&);

}  // namespace regent::cuda::hmm
