#pragma once
// Which parts of a shape have code of their own, with every loop unrolled; all others share one.

#include "cuda/hmm/layout.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

// The GPU compiles a whole kernel for a shape: calls body.template operator()<S>().
template <class T, class Body>
void with_shape(const ShapeNumbers& n, const Body& body) {
  if constexpr (sizeof(T) == sizeof(float)) {  // double is for reference and rescue, not for speed
    if (n == ShapeNumbers{1, 3, 4}) return body.template operator()<FixedShape<1, 3, 4>>();
    if (n == ShapeNumbers{3, 3, 4}) return body.template operator()<FixedShape<3, 3, 4>>();
  }
  return body.template operator()<AnyShape>();
}

// The CPU chooses before every pass over a block of bars: calls body(shape).
template <class R, class S, class Body>
REGENT_BODY void with_dimension(const S& s, const Body& body) {
  if constexpr (!S::fixed_dimension && Lanes<R>::fixed_shapes) {
    switch (s.dimension) {
      case 1:
        return body(FixedDimension<1>(s));
      case 2:
        return body(FixedDimension<2>(s));
      case 3:
        return body(FixedDimension<3>(s));
      case 4:
        return body(FixedDimension<4>(s));
      case 5:
        return body(FixedDimension<5>(s));
      case 6:
        return body(FixedDimension<6>(s));
      default:
        break;
    }
  }
  return body(s);
}
template <class R, class S, class Body>
REGENT_BODY void with_states(const S& s, const Body& body) {
  if constexpr (!S::fixed_states && Lanes<R>::fixed_shapes) {
    if (s.macros == 1 && s.micros == 2) return body(FixedStates<1, 2>(s));
    if (s.macros == 1 && s.micros == 3) return body(FixedStates<1, 3>(s));
    if (s.macros == 1 && s.micros == 4) return body(FixedStates<1, 4>(s));
    if (s.macros == 2 && s.micros == 2) return body(FixedStates<2, 2>(s));
    if (s.macros == 3 && s.micros == 3) return body(FixedStates<3, 3>(s));
  }
  return body(s);
}

}  // namespace regent::cuda::hmm
