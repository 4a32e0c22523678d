#pragma once
// Forward and back over whole series with a bounded memory (Kept in jobs.hpp).

#include "cuda/hmm/backward_body.hpp"
#include "cuda/hmm/group_body.hpp"

namespace regent::cuda::hmm {

// Lanes whose joint weight vanished say so by a NaN likelihood.
template <class R>
REGENT_BODY void mark_vanished(MaskOf<R> vanished, double* log_likelihood) {
  using T = ScalarOf<R>;
  if (!any(vanished)) return;
  double marks[Lanes<R>::width];
  Lanes<R>::store_double(marks, select(vanished, Lanes<R>::all(T{1}), Lanes<R>::all(T{0})));
  for (int i = 0; i < Lanes<R>::width; ++i) {
    if (marks[i] != 0 && log_likelihood[i] > -HUGE_VAL) log_likelihood[i] = HUGE_VAL - HUGE_VAL;
  }
}

// On the GPU stretch and segment are one: to read densities once more would cost as much as it spares.
template <class R>
inline constexpr bool finds_weights_again = Lanes<R>::width > 1;

// One group on its way forward and back. Groups that go side by side share logs and shifts, which last for
// one pass only. `rows`: kept_rows of the job.
template <class R, class S, class Emission>
struct BothWays {
  using T = ScalarOf<R>;
  const Group<R> group;
  ForwardPass<R, S, Emission> pass;
  const Kept kept;
  const BlockRows<R> logs, densities, weights, segment_starts, stretch_starts;
  const Table<R> shifts, rescues;
  double* const log_likelihood;
  BackwardState<R> back;

  template <class Job>
  REGENT_BODY BothWays(const Job& job, int index, const Table<R>& shared, const Table<R>& rows)
      : group(job.batch, index),
        pass(group),
        kept(job.kept),
        logs{shared, pass.s.states},
        densities{rows, pass.s.states},
        weights{rows.from(kept.segment * pass.s.states), pass.s.states},
        segment_starts{weights.from(kept.stretch).rows, pass.s.states + 1},
        stretch_starts{segment_starts.from((job.batch.steps + kept.segment - 1) / kept.segment).rows,
                       pass.s.states + 1},
        shifts(shared.from(pass_bars<R> * pass.s.states)),
        rescues(stretch_starts.from(kept.segment / kept.stretch).rows),
        log_likelihood(group.by_lane(job.log_likelihood)) {
    const R zero = Lanes<R>::all(T{0});
    back.vanished = zero < zero;
    for (int k = 0; k < pass.s.states; ++k) back.ahead[k] = zero;
  }

  // A pass of which nothing is kept but where its segment begins.
  REGENT_BODY void pass_by(std::int64_t first) {
    if (first % kept.segment == 0) pass.save(segment_starts, first / kept.segment);
    pass.run(first, first + pass_bars<R>, {logs, densities, shifts}, {nullptr, {{nullptr}, pass.s.states}});
  }
  REGENT_BODY void enter_segment(std::int64_t which) { pass.restore(segment_starts, which); }
  REGENT_BODY void keep(std::int64_t first, std::int64_t end) {
    const std::int64_t bar = first % kept.segment;
    if (bar % kept.stretch == 0) pass.save(stretch_starts, bar / kept.stretch);
    const bool whole = !finds_weights_again<R> || kept.stretch == kept.segment;
    const BlockRows<R> out{{whole ? weights.from(bar).rows.base : nullptr}, pass.s.states};
    const bool rescued = pass.run(first, end, {logs, densities.from(bar), shifts}, {nullptr, out});
    if constexpr (finds_weights_again<R>)
      rescues.store(bar / pass_bars<R>, Lanes<R>::all(T(rescued ? 1 : 0)));
  }
  REGENT_BODY void enter_stretch(std::int64_t bar) { pass.restore(stretch_starts, bar / kept.stretch); }
  // The weights once more from the kept densities, or from the observations where a rescue made them.
  REGENT_BODY void again(std::int64_t first, std::int64_t end) {
    const std::int64_t bar = first % kept.segment;
    const R zero = Lanes<R>::all(T{0});
    const BarDensities<R> rows{logs, densities.from(bar), shifts};
    if (any(zero < rescues.load(bar / pass_bars<R>))) {
      pass.find_densities(first, end, rows);
    } else {
      for (std::int64_t i = 0; i < end - first; ++i) shifts.store(i, zero);
    }
    pass.chain(first, end, rows, {nullptr, weights.from(bar % kept.stretch)});
  }
  REGENT_BODY KeptBars<R> kept_from(std::int64_t first) const {
    return {weights.from(first % kept.stretch), densities.from(first % kept.segment)};
  }
};

// Forward, then back a pass at a time into work(run, first, end); groups take turns, pass by pass.
template <class R, int groups, class Run, class Work>
REGENT_BODY void run_both_ways(Run (&runs)[groups], std::int64_t steps, const Work& work) {
  constexpr std::int64_t pass = pass_bars<R>;
  const Kept kept = runs[0].kept;
  const std::int64_t last_segment = (steps - 1) / kept.segment;
  for (std::int64_t first = 0; first < last_segment * kept.segment; first += pass) {
    for (Run& run : runs) run.pass_by(first);
  }
  for (std::int64_t which = last_segment; which >= 0; --which) {
    const std::int64_t begin = which * kept.segment;
    const std::int64_t end = which == last_segment ? steps : begin + kept.segment;
    for (Run& run : runs) {
      if (which < last_segment) run.enter_segment(which);
    }
    for (std::int64_t first = begin; first < end; first += pass) {
      for (Run& run : runs) run.keep(first, end_of_pass<R>(first, end));
    }
    for (Run& run : runs) {
      if (which == last_segment) run.pass.finish(run.log_likelihood);
    }
    for (std::int64_t here = begin + (end - begin - 1) / kept.stretch * kept.stretch, to = end; here >= begin;
         to = here, here -= kept.stretch) {
      if constexpr (finds_weights_again<R>) {
        if (kept.stretch < kept.segment) {
          for (Run& run : runs) run.enter_stretch(here - begin);
          for (std::int64_t first = here; first < to; first += pass) {
            for (Run& run : runs) run.again(first, end_of_pass<R>(first, to));
          }
        }
      }
      for (std::int64_t first = here + (to - here - 1) / pass * pass; first >= here; first -= pass) {
        for (Run& run : runs) work(run, first, end_of_pass<R>(first, to));
      }
    }
  }
  for (Run& run : runs) mark_vanished<R>(run.back.vanished, run.log_likelihood);
}

}  // namespace regent::cuda::hmm
