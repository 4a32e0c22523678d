#pragma once
// The E-step of lanes that are cut in time, see chunk_body.hpp. A unit is one chunk of the bars of one block
// of lanes, number block·chunks + chunk.

#include <algorithm>

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

// The scratch memory of `units` units. What they keep of a pass for the way back lies side by side: all of
// them are at about the same pass, so that it takes few pages at a time; with each unit's own in one piece a
// GPU looked up another page for nearly every access.
template <class T>
struct ChunkWorkspace {
  T* base = nullptr;
  std::size_t units = 0;
  std::size_t near_rows = 0, pass_rows = 0;  // of a unit: those of every pass, and what it keeps of one
  std::size_t passes = 0;

  std::size_t size() const { return units * (near_rows + passes * pass_rows) * lane_block; }
  REGENT_HD T* near(std::size_t unit) const { return base + unit * near_rows * lane_block; }
  REGENT_HD T* kept(std::size_t unit, std::int64_t pass) const {
    const std::size_t before = static_cast<std::size_t>(pass) * units + unit;
    return base + (units * near_rows + before * pass_rows) * lane_block;
  }
};

// Without memory yet. Rows in the order of ChunkRun; bars of the warm-up before a chunk pass through its
// first.
template <class T>
ChunkWorkspace<T> chunk_workspace(const ChunkJob<T>& job, std::size_t units) {
  constexpr std::size_t bars = pass_bars_of(1);
  const AnyShape shape(job.batch.shape);
  const auto states = static_cast<std::size_t>(shape.states), macros = static_cast<std::size_t>(shape.macros);
  const auto kept = static_cast<std::size_t>(std::min(job.batch.steps, job.chunk_bars + job.warm_up_bars));
  ChunkWorkspace<T> workspace;
  workspace.units = units;
  workspace.near_rows = bars * (states + 3 * macros + 1) + CountLayout<AnyShape>{shape}.rows(job.batch.law) +
                        prepared_rows(job.batch.shape);
  workspace.pass_rows = 2 * bars * states;
  workspace.passes = (kept + bars - 1) / bars;
  return workspace;
}

}  // namespace regent::cuda::hmm
