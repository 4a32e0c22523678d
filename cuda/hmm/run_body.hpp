#pragma once
// Each operation for one group of neighbouring lanes: what the lane kernels of the CPU (R = Pack) and the
// kernels of the GPU (R = float or double, one lane per thread) both call. Launchers hold only index, bound
// and call.

#include "cuda/hmm/both_ways_body.hpp"
#include "cuda/hmm/student_body.hpp"
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
  Run runs[] = {Run(job, job.kept, index, shared, shared.from(pass_bars<R>))};
  run_both_ways<R>(runs, job.batch.steps, [&](Run& run, std::int64_t first, std::int64_t end) {
    T* out = run.group.by_states(job.posteriors) + first * run.pass.s.states * lane_block;
    with_states<R>(run.pass.s, [&](const auto& fixed) {
      using Fixed = std::remove_cvref_t<decltype(fixed)>;
      backward_block(fixed, run.pass.p, first, end, job.batch.steps, run.pass.lengths, run.kept_from(first),
                     run.group.terminal(job.terminal), run.back, PosteriorSink<R, Fixed>{fixed, {out}});
    });
  });
}

// Workspace rows: ParameterLayout, then viterbi_bars·K. `origins`: steps·origin_words for every lane.
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
  for (std::int64_t first = 0; first < job.batch.steps; first += viterbi_bars) {
    const std::int64_t end = first + viterbi_bars < job.batch.steps ? first + viterbi_bars : job.batch.steps;
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
