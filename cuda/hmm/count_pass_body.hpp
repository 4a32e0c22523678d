#pragma once
// What one pass over bars adds to a group's expected counts, on its way back.

#include "cuda/hmm/both_ways_body.hpp"
#include "cuda/hmm/expectation_body.hpp"

namespace regent::cuda::hmm {

// How far the way back goes, and β where it begins.
template <class R>
struct WayBack {
  std::int64_t steps;
  GroupLengths<R> lengths;
  const ScalarOf<R>* terminal;
};

// The same from bar `to` on: only series that end there have the β they are given, others one.
template <class R>
REGENT_BODY WayBack<R> back_from(std::int64_t to, const WayBack<R>& whole) {
  const R last = Lanes<R>::all(static_cast<ScalarOf<R>>(to));
  WayBack<R> way = whole;
  way.steps = to;
  way.lengths.whole = !(last < way.lengths.lengths);
  if (to < way.lengths.common) way.lengths.common = to;
  return way;
}

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

}  // namespace regent::cuda::hmm
