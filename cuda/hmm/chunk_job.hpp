#pragma once
// The E-step of lanes that are cut in time, see chunk_body.hpp. A unit is one chunk of the bars of one block
// of lanes, number block·chunks + chunk.

#include "cuda/hmm/jobs.hpp"

namespace regent::cuda::hmm {

// How series are cut depends on nothing but where their bars are: no result depends on the other lanes of a
// batch, on its length or on the device. Long enough that what is run twice is little, short enough that
// 5,000 series of 10,000 bars fill a large GPU.
inline constexpr std::int64_t chunk_bars_default = 1024, warm_up_bars_default = 128;

template <class T>
struct ChunkJob {
  BatchView<T> batch;
  const std::uint8_t* active = nullptr;                                               // [lanes]
  const T* terminal = nullptr;                                                        // as in SmoothJob
  std::int64_t chunk_bars = chunk_bars_default, warm_up_bars = warm_up_bars_default;  // whole flush_every
  bool again = false;  // only the lanes with `redo`, from what the chunks beside them arrived at

  // What every unit leaves: as in ExpectationJob, of its own bars.
  double* counts = nullptr;          // [units, counts, 32]
  double* log_likelihood = nullptr;  // [units, 32]
  // [units, K, 32]: the filtered law before its first bar that it was run with, and that of its last bar; b·β
  // of the bar after its last that it was run with, and that of its first bar. Each up to a factor.
  T *law_given = nullptr, *law_reached = nullptr, *ahead_given = nullptr, *ahead_reached = nullptr;
  std::uint8_t* redo = nullptr;  // [units, 32]

  REGENT_HD std::int64_t chunks() const { return (batch.steps + chunk_bars - 1) / chunk_bars; }
};

// Bars of which a unit keeps densities and weights; those of the warm-up before it pass through the first
// rows.
template <class T>
REGENT_HD inline std::int64_t kept_bars(const ChunkJob<T>& job) {
  const std::int64_t most = job.chunk_bars + job.warm_up_bars;
  return job.batch.steps < flush_every ? flush_every : job.batch.steps < most ? job.batch.steps : most;
}

// Rows of one unit's workspace, in the order of ChunkRun.
template <class T>
inline std::size_t chunk_workspace_rows(const ChunkJob<T>& job) {
  const AnyShape shape(job.batch.shape);
  const std::size_t pass = static_cast<std::size_t>(shape.states + 3 * shape.macros) + 1;
  return flush_every * pass + CountLayout<AnyShape>{shape}.rows(job.batch.law) +
         prepared_rows(job.batch.shape) + 2 * kept_bars(job) * shape.states;
}

}  // namespace regent::cuda::hmm
