#pragma once
// Forward and back over whole series with a bounded memory (KeptSpan in jobs.hpp).

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

// One group on its way forward and back. Groups that go side by side share shifts, which last for one pass
// only. `rows`: kept_rows of what is kept.
template <class R, class S, class Emission>
struct BothWays {
  using T = ScalarOf<R>;
  const Group<R> group;
  ForwardPass<R, S, Emission> pass;
  const std::int64_t segment;
  const bool keeps_all_densities;
  const BlockRows<R> densities, weights, segment_starts;
  const Table<R> shifts;
  double* const log_likelihood;
  BackwardState<R> back;

  template <class Job>
  REGENT_BODY BothWays(const Job& job, const KeptSpan& kept, int index, const Table<R>& shared,
                       const Table<R>& rows)
      : group(job.batch, index),
        pass(group, rows),
        segment(kept.segment),
        keeps_all_densities(kept.densities > segment),
        densities{rows.from(prepared_rows(job.batch.shape)), pass.s.states},
        weights{densities.from(kept.densities).rows, pass.s.states},
        segment_starts{weights.from(segment).rows, pass.s.states + 1},
        shifts(shared),
        log_likelihood(group.by_lane(job.log_likelihood)) {
    const R zero = Lanes<R>::all(T{0});
    back.vanished = zero < zero;
    for (int k = 0; k < pass.s.states; ++k) back.ahead[k] = zero;
  }

  // A pass of which nothing is kept but where its segment begins.
  REGENT_BODY void pass_by(std::int64_t first) {
    if (first % segment == 0) pass.save(segment_starts, first / segment);
    const BlockRows<R> found = keeps_all_densities ? densities.from(first) : densities;
    pass.run(first, first + pass_bars<R>, {found, shifts}, {nullptr, {{nullptr}, pass.s.states}});
  }
  REGENT_BODY void enter_segment(std::int64_t which) { pass.restore(segment_starts, which); }
  // `again`: these bars have been passed by. The shifts then are of other bars, and nobody asks for their
  // sum.
  REGENT_BODY void keep(std::int64_t first, std::int64_t end, bool again) {
    const KeptBars<R> kept = kept_from(first);
    if (again && keeps_all_densities) {
      pass.run_found(first, end, {kept.densities, shifts}, {nullptr, kept.weights});
    } else {
      pass.run(first, end, {kept.densities, shifts}, {nullptr, kept.weights});
    }
  }
  REGENT_BODY KeptBars<R> kept_from(std::int64_t first) const {
    return {weights.from(first % segment), densities.from(keeps_all_densities ? first : first % segment)};
  }
};

// Calls body(run, first, end) for every pass of [begin, end), last to first; groups take turns.
template <class R, int groups, class Run, class Body>
REGENT_BODY void for_each_pass_back(Run (&runs)[groups], std::int64_t begin, std::int64_t end,
                                    const Body& body) {
  constexpr std::int64_t pass = pass_bars<R>;
  if (begin == end) return;
  for (std::int64_t first = begin + (end - begin - 1) / pass * pass; first >= begin; first -= pass) {
    for (Run& run : runs) body(run, first, end_of_pass<R>(first, end));
  }
}

// Forward, then back a pass at a time into work(run, first, end); groups take turns, pass by pass.
template <class R, int groups, class Run, class Work>
REGENT_BODY void run_both_ways(Run (&runs)[groups], std::int64_t steps, const Work& work) {
  constexpr std::int64_t pass = pass_bars<R>;
  const std::int64_t segment = runs[0].segment, last_segment = (steps - 1) / segment;
  for (std::int64_t first = 0; first < last_segment * segment; first += pass) {
    for (Run& run : runs) run.pass_by(first);
  }
  for (std::int64_t which = last_segment; which >= 0; --which) {
    const std::int64_t begin = which * segment;
    const std::int64_t end = which == last_segment ? steps : begin + segment;
    for (Run& run : runs) {
      if (which < last_segment) run.enter_segment(which);
    }
    for (std::int64_t first = begin; first < end; first += pass) {
      for (Run& run : runs) run.keep(first, end_of_pass<R>(first, end), which < last_segment);
    }
    for (Run& run : runs) {
      if (which == last_segment) run.pass.finish(run.log_likelihood);
    }
    for_each_pass_back<R>(runs, begin, end, work);
  }
  for (Run& run : runs) mark_vanished<R>(run.back.vanished, run.log_likelihood);
}

}  // namespace regent::cuda::hmm
