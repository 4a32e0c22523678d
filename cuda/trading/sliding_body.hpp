#pragma once
// Aggregates of the last `window` values, each made of fresh partial aggregates of two blocks: a value that
// has left the window leaves no trace, and no error adds up. O(1) a value (the van Herk (1992) construction).
// Blocks know nothing of each other, so that a GPU's threads can share a series.

#include <cstdint>

#include "cuda/hmm/real.hpp"

namespace regent::cuda::sweep {

// Calls out(t, aggregate of values t − window + 1 … t) for the t ≥ window − 1 of the block [block, block +
// window) of [0, count). `one(t)` makes an aggregate of one value, `join(earlier, later)` one of two.
// `suffix` [window] is room. REQUIRES window ≥ 1, block a multiple of it.
template <class A, class One, class Join, class Out>
REGENT_BODY void slide_block(std::int64_t count, std::int64_t window, std::int64_t block, A* suffix,
                             const One& one, const Join& join, const Out& out) {
  if (block >= count) return;
  if (block > 0) {  // of the block before: [i] from its i-th value to its end
    A rest = suffix[window - 1] = one(block - 1);
    for (std::int64_t i = window - 1; i-- > 0;) suffix[i] = rest = join(one(block - window + i), rest);
  }
  const std::int64_t end = block + window < count ? block + window : count;
  A prefix = one(block);
  for (std::int64_t t = block; t < end; ++t) {
    if (t > block) prefix = join(prefix, one(t));
    const std::int64_t in_block = t - block + 1;
    if (in_block == window) {
      out(t, prefix);
    } else if (block > 0) {
      out(t, join(suffix[in_block], prefix));
    }
  }
}

}  // namespace regent::cuda::sweep
