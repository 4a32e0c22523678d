#pragma once
// What every launcher checks before it touches memory: broken invariants of ours, never a user's mistake.

#include <cstddef>

#include "base/error.hpp"
#include "cuda/hmm/layout.hpp"

namespace regent::cuda::hmm {

template <class T>
inline constexpr std::int64_t steps_max = sizeof(T) == 4 ? (std::int64_t{1} << 24) : (std::int64_t{1} << 40);

template <class T>
void check_batch(const BatchView<T>& batch) {
  const ShapeNumbers& shape = batch.shape;
  REGENT_INVARIANT(shape.macros >= 1 && shape.micros >= 1 && shape.states() <= states_max, "1 to 32 states");
  REGENT_INVARIANT(shape.dimension >= 1 && shape.dimension <= dimension_max, "1 to 16 features");
  REGENT_INVARIANT(batch.lanes >= 1 && batch.steps >= 1, "at least one lane and one bar");
  REGENT_INVARIANT(batch.steps <= steps_max<T>, "a float lane counts bars up to 2^24");
  REGENT_INVARIANT((batch.observations != nullptr) != (batch.emission_table != nullptr),
                   "observations or an emission table");
  for (int lane = 0; batch.lengths != nullptr && lane < batch.lanes; ++lane) {
    REGENT_INVARIANT(batch.lengths[lane] >= 1 && batch.lengths[lane] <= batch.steps, "lengths in 1..steps");
  }
}

inline void check_size(std::size_t got, std::size_t wanted) {
  REGENT_INVARIANT(got == wanted, "an output span has the wrong size");
}

}  // namespace regent::cuda::hmm
