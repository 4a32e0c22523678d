#pragma once
// The E-step of the CPU, in windows of time: what lies between the way forward and the way back then stays in
// the caches next to a core. The way forward is that of the whole series. The way back of a window begins
// window_warm_up_bars after it, from a β of one, and only the window's own bars count, and the transition
// from its last bar into the next. That β is held against the one at which the next window arrives on its own
// way back, lane by lane, to `merged` relative in every entry; the last window begins where the series ends,
// so that by induction every β is that of the whole series. The way back never widens such a distance
// (Hilbert's metric; Birkhoff 1957), so that it bounds the error of all bars between, times the number
// of windows where a model forgets so little that distances add up. Lanes with a seam that
// differs are said to be apart, and the launcher runs them again without windows: the result holds for every
// model, also one that forgets nothing. run_to_run: bitwise. Windows depend on nothing but where bars are: no
// lane depends on another, and one of a single window has the bits of the pass without windows.

#include "cuda/hmm/count_pass_body.hpp"
#include "cuda/hmm/merged.hpp"

namespace regent::cuda::hmm {

// A group, and where its expected counts add up. `rows`: CountLayout, seam_rows, kept_rows.
template <class R, class S, class Emission>
struct CountingRun : BothWays<R, S, Emission> {
  using T = ScalarOf<R>;
  using Job = ExpectationJob<T>;
  const Job& job;
  const Table<R> sums;  // of the block
  const Table<R> seams;
  double* const totals;
  const int size;

  REGENT_BODY CountingRun(const Job& asked, int index, const Table<R>& shared, const Table<R>& rows)
      : BothWays<R, S, Emission>(asked, window_span(asked.batch.shape), index, shared,
                                 rows.from(size_of(asked) + seam_rows(asked.batch.shape))),
        job(asked),
        sums(rows),
        seams(rows.from(size_of(asked))),
        totals(this->group.by_lane_rows(asked.counts, size_of(asked))),
        size(size_of(asked)) {
    clear_counts<R>(size, totals);
    for (int row = 0; row < size; ++row) sums.store(row, Lanes<R>::all(T{0}));
  }
  REGENT_BODY static int size_of(const Job& asked) {
    const S s(asked.batch.shape);
    return CountLayout<S>{s}.rows(Emission::law);
  }
  REGENT_BODY static std::ptrdiff_t rows_of(const Job& asked) {
    return size_of(asked) + seam_rows(asked.batch.shape) +
           kept_rows(asked.batch, window_span(asked.batch.shape));
  }

  REGENT_BODY std::int64_t window() const { return window_bars(this->pass.s.states); }
  REGENT_BODY WayBack<R> way_back() const {
    return {job.batch.steps, this->pass.lengths, this->group.terminal(job.terminal)};
  }
  // `passing`: as count_moves.
  REGENT_BODY void count(const WayBack<R>& way, std::int64_t first, std::int64_t end,
                         const Table<R>& passing) {
    const PassScratch<R> scratch =
        count_moves(this->pass, way, first, end, this->kept_from(first), passing, sums, this->back);
    count_bars(this->pass, first, end, scratch, sums, totals, size);
  }
  // Bars of a warm-up.
  REGENT_BODY void go_back(const WayBack<R>& way, std::int64_t first, std::int64_t end) {
    const auto vanished = this->back.vanished;
    with_states<R>(this->pass.s, [&](const auto& fixed) {
      backward_block(fixed, this->pass.p, first, end, way.steps, way.lengths, this->kept_from(first),
                     way.terminal, this->back, NoSink{});
    });
    this->back.vanished = vanished;
  }
  // Where the way back enters a window, and where it has left the one that begins at `begin`.
  REGENT_BODY void enter_window(std::int64_t end) const { store_ahead(given_at(end)); }
  REGENT_BODY void leave_window(std::int64_t begin) const {
    const int states = this->pass.s.states;
    const Table<R> reached = seams.from(2 * states);
    store_ahead(reached);
    const Group<R>& group = this->group;
    for (int i = 0; i < Lanes<R>::width && begin > 0; ++i) {
      if (!seam_agrees<workspace_stride<R>>(given_at(begin).base + i, reached.base + i, states))
        job.apart[group.block * lane_block + group.offset + i] = 1;
    }
  }

 private:
  // Of the two seams of a window.
  REGENT_BODY Table<R> given_at(std::int64_t bar) const {
    return seams.from(bar / window() % 2 * this->pass.s.states);
  }
  REGENT_BODY void store_ahead(const Table<R>& rows) const {
    for (int k = 0; k < this->pass.s.states; ++k) rows.store(k, this->back.ahead[k]);
  }
};

template <class R, int groups, class Run>
REGENT_BODY void count_windows(Run (&runs)[groups], std::int64_t steps, const Table<R>& passing) {
  const std::int64_t window = runs[0].window();
  std::int64_t reached = 0;
  for (std::int64_t begin = 0; begin < steps; begin += window) {
    const std::int64_t end = begin + window < steps ? begin + window : steps;
    const std::int64_t to = end + window_warm_up_bars < steps ? end + window_warm_up_bars : steps;
    for (; reached < to; reached += pass_bars<R>) {
      for (Run& run : runs) run.keep(reached, end_of_pass<R>(reached, to), false);
    }
    const auto way_of = [&](const Run& run) { return back_from(to, run.way_back()); };
    for_each_pass_back<R>(runs, end, to, [&](Run& run, std::int64_t first, std::int64_t stop) {
      run.go_back(way_of(run), first, stop);
    });
    for (Run& run : runs) {
      if (end < steps) run.enter_window(end);
    }
    for_each_pass_back<R>(runs, begin, end, [&](Run& run, std::int64_t first, std::int64_t stop) {
      run.count(way_of(run), first, stop, passing);
    });
    for (Run& run : runs) run.leave_window(begin);
  }
  for (Run& run : runs) {
    run.pass.finish(run.log_likelihood);
    mark_vanished<R>(run.back.vanished, run.log_likelihood);
  }
}

template <class R, int groups, class Run>
REGENT_BODY void count_all(Run (&runs)[groups], std::int64_t steps, bool windows, const Table<R>& passing) {
  if (windows) {
    count_windows<R>(runs, steps, passing);
  } else {
    run_both_ways<R>(runs, steps, [&](Run& run, std::int64_t first, std::int64_t end) {
      run.count(run.way_back(), first, end, passing);
    });
  }
  for (Run& run : runs) finish_counts(run.pass.s, run.pass.p, run.totals);
}

// `groups` neighbouring groups side by side, the first being `index`. Workspace rows: pass_bars·(K + 3M),
// pass_bars, then those of CountingRun for each group.
template <class R, class S, class Emission, int groups>
REGENT_BODY void run_expectation(const ExpectationJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  using Run = CountingRun<R, S, Emission>;
  const S s(job.batch.shape);
  const Table<R> passing{workspace};
  const Table<R> shared = passing.from(pass_bars<R> * (s.states + 3 * s.macros));
  const Table<R> first_rows = shared.from(pass_bars<R>);
  if constexpr (groups == 1) {
    Run runs[] = {Run(job, index, shared, first_rows)};
    count_all<R>(runs, job.batch.steps, job.windows, passing);
  } else {
    const Table<R> second_rows = first_rows.from(Run::rows_of(job));
    Run runs[] = {Run(job, index, shared, first_rows), Run(job, index + 1, shared, second_rows)};
    count_all<R>(runs, job.batch.steps, job.windows, passing);
  }
}

}  // namespace regent::cuda::hmm
