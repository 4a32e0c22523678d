#pragma once
// Shapes that have kernels of their own, with every loop unrolled; all others share one.

#include "cuda/hmm/layout.hpp"

namespace regent::cuda::hmm {

// Calls body.template operator()<S>() with the shape fixed at compile time where there is such a kernel.
template <class T, class Body>
void with_shape(const ShapeNumbers& n, const Body& body) {
  if constexpr (sizeof(T) == sizeof(float)) {  // double is for reference and rescue, not for speed
    if (n == ShapeNumbers{1, 3, 4}) return body.template operator()<FixedShape<1, 3, 4>>();
    if (n == ShapeNumbers{3, 3, 4}) return body.template operator()<FixedShape<3, 3, 4>>();
  }
  return body.template operator()<AnyShape>();
}

}  // namespace regent::cuda::hmm
