#pragma once
// Each operation for one group of neighbouring lanes: what the lane kernels of the CPU (R = Pack) and the
// kernels of the GPU (R = float or double, one lane per thread) both call. Launchers hold only index, bound
// and call.

#include "cuda/hmm/both_ways_body.hpp"
#include "cuda/hmm/expectation_body.hpp"
#include "cuda/hmm/viterbi_body.hpp"

namespace regent::cuda::hmm {

// Workspace rows: prepared_rows, then pass_bars·(K + 1).
template <class R, class S, class Emission>
REGENT_BODY void run_forward(const ForwardJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  const Group<R> group(job.batch, index);
  ForwardPass<R, S, Emission> pass(group, {workspace});
  const S& s = pass.s;
  const Table<R> table{workspace + prepared_rows(job.batch.shape) * workspace_stride<R>};
  const BarDensities<R> rows{{table, s.states}, table.from(pass_bars<R> * s.states)};
  for (std::int64_t first = 0; first < job.batch.steps; first += pass_bars<R>) {
    ScalarOf<R>* out =
        job.posteriors == nullptr ? nullptr : group.by_states(job.posteriors) + first * s.states * lane_block;
    pass.run(first, end_of_pass<R>(first, job.batch.steps), rows, {out, {{nullptr}, s.states}});
  }
  pass.finish(group.by_lane(job.log_likelihood));
}

// Workspace rows: pass_bars, then kept_rows.
template <class R, class S, class Emission>
REGENT_BODY void run_smooth(const SmoothJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  using T = ScalarOf<R>;
  using Run = BothWays<R, S, Emission>;
  const Table<R> shared{workspace};
  Run runs[] = {Run(job, index, shared, shared.from(pass_bars<R>))};
  run_both_ways<R>(runs, job.batch.steps, [&](Run& run, std::int64_t first, std::int64_t end) {
    T* out = run.group.by_states(job.posteriors) + first * run.pass.s.states * lane_block;
    with_states<R>(run.pass.s, [&](const auto& fixed) {
      using Fixed = std::remove_cvref_t<decltype(fixed)>;
      backward_block(fixed, run.pass.p, first, end, job.batch.steps, run.pass.lengths, run.kept_from(first),
                     run.group.terminal(job.terminal), run.back, PosteriorSink<R, Fixed>{fixed, {out}});
    });
  });
}

// Where a group's expected counts add up.
template <class R, class S, class Emission>
struct CountingRun : BothWays<R, S, Emission> {
  const Table<R> sums;  // of the block
  double* const totals;
  const int size;

  REGENT_BODY CountingRun(const ExpectationJob<ScalarOf<R>>& job, int index, const Table<R>& shared,
                          const Table<R>& rows)
      : BothWays<R, S, Emission>(job, index, shared, rows.from(size_of(job))),
        sums(rows),
        totals(this->group.by_lane_rows(job.counts, size_of(job))),
        size(size_of(job)) {
    clear_counts<R>(size, totals);
    for (int row = 0; row < size; ++row) sums.store(row, Lanes<R>::all(ScalarOf<R>{0}));
  }
  REGENT_BODY static int size_of(const ExpectationJob<ScalarOf<R>>& job) {
    const S s(job.batch.shape);
    return CountLayout<S>{s}.rows(Emission::law);
  }
};

// How far the way back goes, and β where it begins.
template <class R>
struct WayBack {
  std::int64_t steps;
  GroupLengths<R> lengths;
  const ScalarOf<R>* terminal;
};

// The bars [first, end) of a pass, back: their transitions go to `sums`, their posteriors stay in the
// scratch. `passing`: pass_bars·(K + 3M) rows.
template <class R, class Pass>
REGENT_BODY PassScratch<R> count_moves(const Pass& pass, const WayBack<R>& way, std::int64_t first,
                                       std::int64_t end, const KeptBars<R>& kept, const Table<R>& passing,
                                       const Table<R>& sums, BackwardState<R>& back) {
  const auto& s = pass.s;
  const PassScratch<R> scratch{kept.densities,
                               kept.weights,
                               {passing, s.states},
                               {passing.from(pass_bars<R> * s.states), 3 * s.macros}};
  with_states<R>(s, [&](const auto& fixed) {
    using Fixed = std::remove_cvref_t<decltype(fixed)>;
    backward_block(fixed, pass.p, first, end, way.steps, way.lengths, kept, way.terminal, back,
                   CountSink<R, Fixed>{fixed, pass.p, scratch, sums, {}});
    add_transitions(fixed, pass.p, end - first, scratch, sums);
  });
  return scratch;
}

// What else these bars count.
template <class R, class Pass>
REGENT_BODY void count_bars(const Pass& pass, std::int64_t first, std::int64_t end,
                            const PassScratch<R>& scratch, const Table<R>& sums, double* totals, int size) {
  const auto& s = pass.s;
  for (int k = 0; k < s.states && first == 0; ++k)
    Lanes<R>::store_double(totals + CountLayout{s}.start(k) * lane_block, scratch.posteriors.load(0, k));
  pass.emission.add_moments(first, end, scratch.posteriors, sums);
  if (first % flush_every == 0) flush_sums(size, sums, totals);
}

// `groups` neighbouring groups side by side, the first being `index`. Workspace rows: pass_bars·(K + 3M),
// pass_bars, then CountLayout and kept_rows for each group.
template <class R, class S, class Emission, int groups>
REGENT_BODY void run_expectation(const ExpectationJob<ScalarOf<R>>& job, int index, ScalarOf<R>* workspace) {
  using Run = CountingRun<R, S, Emission>;
  const S s(job.batch.shape);
  const Table<R> rows{workspace};
  const Table<R> shared = rows.from(pass_bars<R> * (s.states + 3 * s.macros));
  const Table<R> first_rows = shared.from(pass_bars<R>);
  const auto go = [&](Run(&runs)[groups]) {
    run_both_ways<R>(runs, job.batch.steps, [&](Run& run, std::int64_t first, std::int64_t end) {
      const WayBack<R> way{job.batch.steps, run.pass.lengths, run.group.terminal(job.terminal)};
      const PassScratch<R> scratch =
          count_moves(run.pass, way, first, end, run.kept_from(first), rows, run.sums, run.back);
      count_bars(run.pass, first, end, scratch, run.sums, run.totals, run.size);
    });
    for (Run& run : runs) finish_counts(s, run.pass.p, run.totals);
  };
  if constexpr (groups == 1) {
    Run runs[] = {Run(job, index, shared, first_rows)};
    go(runs);
  } else {
    const Table<R> second_rows = first_rows.from(Run::size_of(job) + kept_rows(job.batch, job.kept));
    Run runs[] = {Run(job, index, shared, first_rows), Run(job, index + 1, shared, second_rows)};
    go(runs);
  }
}

// Workspace rows: ParameterLayout, then flush_every·K. `origins`: steps·origin_words for every lane.
template <class R, class S, class Emission>
REGENT_BODY void run_viterbi(const ViterbiJob<ScalarOf<R>>& job, int index, IndexScalarOf<R>* origins,
                             ScalarOf<R>* workspace) {
  const S s(job.batch.shape);
  const Group<R> group(job.batch, index);
  const Rows<R> p = group.parameters(s);
  const Emission emission = make_emission(s, group, p, static_cast<const Emission*>(nullptr));
  const GroupLengths<R> lengths = group.lengths();
  const LogTransitions<R, S> logs{s, {workspace}};
  logs.fill(p);
  const BlockRows<R> rows{Table<R>{workspace}.from(ParameterLayout<S>{s}.size()), s.states};
  const OriginTable<R> table{origins, s.states};
  ViterbiState<R> state;
  start_viterbi(s, state);
  double totals[Lanes<R>::width];
  for (double& total : totals) total = 0;
  for (std::int64_t first = 0; first < job.batch.steps; first += flush_every) {
    const std::int64_t end = first + flush_every < job.batch.steps ? first + flush_every : job.batch.steps;
    emission.log_densities(first, end, rows);
    with_states<R>(s, [&](const auto& fixed) {
      viterbi_block(fixed, logs.rows, first, end, lengths, rows, table, totals, state);
    });
  }
  if (job.scores != nullptr) {
    for (int k = 0; k < s.states; ++k) {
      double* scores = group.by_lane_rows(job.scores, s.states) + k * lane_block;
      Lanes<R>::store_double(scores, state.score[k]);
      for (int i = 0; i < Lanes<R>::width; ++i) scores[i] += totals[i];
    }
  }
  Lanes<R>::add_to(totals, state.best);
  for (int i = 0; i < Lanes<R>::width; ++i) group.by_lane(job.log_probability)[i] = totals[i];
  if (job.path == nullptr) return;
  IndexOf<R> last = best_state(s, state);
  if (job.last != nullptr) {
    IndexScalarOf<R> told[Lanes<R>::width];
    for (int i = 0; i < Lanes<R>::width; ++i)
      told[i] = static_cast<IndexScalarOf<R>>(job.last[group.block * lane_block + group.offset + i]);
    last = Lanes<R>::load_index(told);
  }
  std::uint8_t* path =
      job.path + static_cast<std::ptrdiff_t>(group.block) * job.batch.steps * lane_block + group.offset;
  trace_back(s, job.batch.steps, lengths, table, last, path);
}

}  // namespace regent::cuda::hmm
