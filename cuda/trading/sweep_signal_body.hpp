#pragma once
// From columns of the indicator table to wishes, bar by bar. R as in cuda/hmm/real.hpp; a mask holds a truth
// per lane. Comparisons with NaN are false: no entry, and no stay.

#include "cuda/hmm/real.hpp"

namespace regent::cuda::sweep {

// of one lane; those of Pack are found by their arguments
using hmm::any;
using hmm::fused;
using hmm::maximum;
using hmm::select;

template <class R>
using Mask = hmm::MaskOf<R>;

// Which of a lane's values lie beyond a level, on either side of zero.
template <class R>
struct Sides {
  Mask<R> above, below;  // level < value; value < −level
};

template <class R>
REGENT_BODY Sides<R> compare_body(R value, R level) {
  return {level < value, value < hmm::Lanes<R>::all(0) - level};
}

template <class R>
struct Wish {
  Mask<R> is_long, is_short;
};

template <class R>
REGENT_BODY Sides<R> both(Sides<R> a, Sides<R> b) {
  return {a.above && b.above, a.below && b.below};
}

// An entry on the other side ends a stay; where both sides enter, long goes first.
template <class R>
REGENT_BODY Wish<R> wish_body(Sides<R> enter, Sides<R> stay, Wish<R> before) {
  const Mask<R> is_long = enter.above || (before.is_long && stay.above && !enter.below);
  return {is_long, (enter.below || (before.is_short && stay.below)) && !is_long};
}

// How many votes each lane wants.
template <class R>
struct Quorum {
  Mask<R> one, two, three;
};

template <class R>
REGENT_BODY Mask<R> carried_body(Mask<R> a, Mask<R> b, Mask<R> c, Quorum<R> wanted) {
  return ((a || b || c) && wanted.one) || (((a && b) || (c && (a || b))) && wanted.two) ||
         (a && b && c && wanted.three);
}

// Flat where the votes carry both sides.
template <class R>
REGENT_BODY Wish<R> vote_body(Sides<R> a, Sides<R> b, Sides<R> c, Quorum<R> wanted) {
  const Mask<R> up = carried_body<R>(a.above, b.above, c.above, wanted);
  const Mask<R> down = carried_body<R>(a.below, b.below, c.below, wanted);
  return {up && !down, down && !up};
}

}  // namespace regent::cuda::sweep
