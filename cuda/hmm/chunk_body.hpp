#pragma once
// The E-step with series cut in time, so that few lanes fill a GPU. A chunk of bars [begin, end) is run
// forward from warm_up_bars earlier, from a law in which every state is possible, and back from warm_up_bars
// later, from a β of one; only its own bars count, and the transition from its last bar into the next. The
// log-likelihood of its bars is what the forward pass gains from bar begin − 1 to bar end − 1. Then every
// seam is checked, lane by lane: the law that a chunk began its own bars with against the one at which the
// chunk before arrived, which is that of the whole series by induction, and likewise β from the end; the same
// to `merged`, relative in every entry. The forward pass and the way back never widen such a distance
// (Hilbert's metric; Birkhoff 1957), so that it bounds the error of all bars between. Where a seam differs,
// the chunk is run again in that lane from what its neighbours arrived at, until all seams agree: after
// twice as many rounds as there are chunks the whole series has been run in order, so the result holds for
// every model, also one that forgets nothing. run_to_run: bitwise. cpu_to_gpu: bitwise for the same chunks; a
// lane of one chunk has the bits of the uncut pass, which are the CPU's where it is one window too.

#include "cuda/hmm/chunk_job.hpp"
#include "cuda/hmm/count_pass_body.hpp"
#include "cuda/hmm/merged.hpp"

namespace regent::cuda::hmm {

template <class R, class S, class Emission>
struct ChunkRun {
  using T = ScalarOf<R>;
  const ChunkJob<T>& job;
  const Group<R> group;
  const std::int64_t chunk, begin, end;  // its own bars
  const std::int64_t from, to;           // with those of its warm-ups
  const ChunkWorkspace<T> workspace;
  const std::size_t place;  // its own in the workspace
  const Table<R> passing, shifts, sums;
  ForwardPass<R, S, Emission> pass;
  BackwardState<R> back;
  R mass_before;  // Σ of the law at begin − 1
  const std::int64_t unit;
  const std::ptrdiff_t seam;  // where the rows of its seams begin
  const int size;
  double* const totals;
  double* const log_likelihood;

  REGENT_BODY ChunkRun(const ChunkJob<T>& asked, int index, std::int64_t which,
                       const ChunkWorkspace<T>& memory, std::size_t unit_of_memory)
      : job(asked),
        group(job.batch, index),
        chunk(which),
        begin(chunk * job.chunk_bars),
        end(least(begin + job.chunk_bars, job.batch.steps)),
        from(job.again || chunk == 0 ? begin : begin - job.warm_up_bars),
        to(job.again ? end : least(end + job.warm_up_bars, job.batch.steps)),
        workspace(memory),
        place(unit_of_memory),
        passing{memory.near(unit_of_memory) + group.offset},
        shifts(passing.from(pass_bars<R> * pass_rows(job.batch.shape))),
        sums(shifts.from(pass_bars<R>)),
        pass(group, sums.from(rows_of_counts(job.batch.shape))),
        unit(group.block * job.chunks() + chunk),
        seam(unit * pass.s.states * lane_block + group.offset),
        size(rows_of_counts(job.batch.shape)),
        totals(job.counts + unit * size * lane_block + group.offset),
        log_likelihood(job.log_likelihood + unit * lane_block + group.offset) {}

  REGENT_BODY static std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
  REGENT_BODY static int pass_rows(const ShapeNumbers& shape) { return shape.states() + 3 * shape.macros; }
  REGENT_BODY static int rows_of_counts(const ShapeNumbers& shape) {
    const S s(shape);
    return CountLayout<S>{s}.rows(Emission::law);
  }

  REGENT_BODY void run() {
    begin_forward();
    for (std::int64_t first = from; first < to; first += pass_bars<R>) {
      if (first == begin) begin_own_bars();
      if (first == end) end_own_bars();
      fetch_series(first + pass_bars<R>);
      const KeptBars<R> kept = kept_from(first < begin ? begin : first);
      pass.run(first, end_of_pass<R>(first, to), {kept.densities, shifts}, {nullptr, kept.weights});
    }
    if (to == end) end_own_bars();
    begin_backward();
    for (std::int64_t first = begin + (to - begin - 1) / pass_bars<R> * pass_bars<R>; first >= begin;
         first -= pass_bars<R>) {
      if (first + pass_bars<R> == end && to > end) leave_warm_up();
      count(first, end_of_pass<R>(first, to));
    }
    store(job.ahead_reached, back.ahead, Lanes<R>::all(T{1}));
    finish_counts(pass.s, pass.p, totals);
    mark_vanished<R>(back.vanished, log_likelihood);
  }

 private:
  // Of the pass that begins at `first`.
  REGENT_BODY KeptBars<R> kept_from(std::int64_t first) const {
    const Table<R> rows{workspace.kept(place, (first - begin) / pass_bars<R>) + group.offset};
    return {{rows, pass.s.states}, {rows.from(pass_bars<R> * pass.s.states), pass.s.states}};
  }
  // The features of the pass that comes next.
  REGENT_BODY void fetch_series(std::int64_t first) const {
    if (first < from || first >= to || job.batch.shared) return;
    fetch_ahead(group.series() + first * pass.s.dimension * lane_block,
                static_cast<int>(end_of_pass<R>(first, to) - first) * pass.s.dimension);
  }
  REGENT_BODY Table<R, lane_block> at_seam(T* rows) const { return {rows + seam}; }
  REGENT_BODY void store(T* rows, const R* values, R factor) const {
    const Table<R, lane_block> table = at_seam(rows);
    for (int k = 0; k < pass.s.states; ++k) table.store(k, values[k] * factor);
  }
  REGENT_BODY void begin_forward() {
    if (chunk == 0) return;
    for (int k = 0; k < pass.s.states; ++k)
      pass.state.weight[k] = job.again ? at_seam(job.law_given).load(k) : Lanes<R>::all(T{1});
    const R zero = Lanes<R>::all(T{0}), one = Lanes<R>::all(T{1});
    const R sum = sum_of(pass.s, pass.state.weight);
    pass.state.scale = Lanes<R>::inverse_power_of_two(select(zero < sum, sum, one));
  }
  REGENT_BODY void begin_own_bars() {
    mass_before = Lanes<R>::all(T{1});
    if (chunk == 0) return;
    mass_before = sum_of(pass.s, pass.state.weight) * pass.state.scale;
    if (!job.again) store(job.law_given, pass.state.weight, pass.state.scale);
    pass.totals.clear();
  }
  REGENT_BODY void end_own_bars() {
    store(job.law_reached, pass.state.weight, pass.state.scale);
    pass.finish(log_likelihood);
    double masses[Lanes<R>::width];
    Lanes<R>::store_double(masses, mass_before);
    for (int i = 0; i < Lanes<R>::width; ++i) {
      if (log_likelihood[i] > -HUGE_VAL) log_likelihood[i] -= logarithm(masses[i]);
    }
  }
  REGENT_BODY void clear_sums() const {
    for (int row = 0; row < size; ++row) sums.store(row, Lanes<R>::all(T{0}));
  }
  REGENT_BODY void begin_backward() {
    const R zero = Lanes<R>::all(T{0});
    const bool given = job.again && end < job.batch.steps;
    for (int k = 0; k < pass.s.states; ++k) back.ahead[k] = given ? at_seam(job.ahead_given).load(k) : zero;
    back.vanished = zero < zero;
    clear_counts<R>(size, totals);
    clear_sums();
  }
  REGENT_BODY void leave_warm_up() {
    const R zero = Lanes<R>::all(T{0});
    store(job.ahead_given, back.ahead, Lanes<R>::all(T{1}));
    back.vanished = zero < zero;
    clear_sums();
  }
  // In the first round series end where the warm-up does.
  REGENT_BODY WayBack<R> way_back() const {
    const WayBack<R> whole{job.batch.steps, pass.lengths, group.terminal(job.terminal)};
    return job.again ? whole : back_from(to, whole);
  }
  REGENT_BODY void count(std::int64_t first, std::int64_t stop) {
    fetch_series(first - pass_bars<R>);
    const PassScratch<R> scratch =
        count_moves(pass, way_back(), first, stop, kept_from(first), passing, sums, back);
    if (first < end) count_bars(pass, first, stop, scratch, sums, totals, size);
  }
};

// Whether a unit has anything to do in the lane.
template <class T>
REGENT_HD inline bool chunk_wanted(const ChunkJob<T>& job, std::int64_t unit, int lane) {
  const int which = lane < job.batch.lanes ? lane : job.batch.lanes - 1;
  if (job.active[which] == 0) return false;
  const std::int64_t begin = unit % job.chunks() * job.chunk_bars;
  if (job.batch.lengths != nullptr && job.batch.lengths[which] <= begin) return false;
  return !job.again || job.redo[unit * lane_block + lane % lane_block] != 0;
}

template <class T>
REGENT_HD inline bool mend_seam(T* given, const T* reached, int states) {
  if (seam_agrees<lane_block>(given, reached, states)) return false;
  for (int k = 0; k < states; ++k) given[k * lane_block] = reached[k * lane_block];
  return true;
}

// After all units have run: whether this one must run again in the lane, and from what.
template <class T>
REGENT_HD inline bool check_seams(const ChunkJob<T>& job, std::int64_t unit, int lane) {
  ChunkJob<T> whole = job;
  whole.again = false;
  const int states = job.batch.shape.states();
  const std::ptrdiff_t row = std::ptrdiff_t{states} * lane_block, at = unit * row + lane % lane_block;
  bool redo = false;
  if (chunk_wanted(whole, unit, lane)) {
    const std::int64_t chunk = unit % job.chunks();
    if (chunk > 0) redo = mend_seam(job.law_given + at, job.law_reached + at - row, states);
    if (chunk + 1 < job.chunks() && chunk_wanted(whole, unit + 1, lane))
      redo = mend_seam(job.ahead_given + at, job.ahead_reached + at + row, states) || redo;
  }
  job.redo[unit * lane_block + lane % lane_block] = redo ? 1 : 0;
  return redo;
}

// The counts of a lane's chunks in the order of time; row == rows: the log-likelihood, which is −inf where
// that of a chunk is. `wide`: how many values a unit has.
template <class T>
REGENT_HD inline double sum_of_chunks(const ChunkJob<T>& job, const double* values, std::int64_t wide,
                                      std::int64_t row, int lane) {
  const std::int64_t first = lane / lane_block * job.chunks();
  double sum = 0;
  bool impossible_once = false;
  for (std::int64_t unit = first; unit < first + job.chunks() && chunk_wanted(job, unit, lane); ++unit) {
    const double value = values[(unit * wide + row) * lane_block + lane % lane_block];
    impossible_once = impossible_once || value == -HUGE_VAL;
    sum += value;
  }
  return impossible_once ? -HUGE_VAL : sum;
}

// `place`: of the unit in the workspace.
template <class R, class S, class Emission>
REGENT_BODY void run_chunk(const ChunkJob<ScalarOf<R>>& job, int index, std::int64_t chunk,
                           const ChunkWorkspace<ScalarOf<R>>& workspace, std::size_t place) {
  ChunkRun<R, S, Emission>(job, index, chunk, workspace, place).run();
}

}  // namespace regent::cuda::hmm
