#pragma once
// Aggregates of the last `window` values, each made of fresh partial aggregates of two blocks: a value that
// has left the window leaves no trace, and no error adds up. O(1) a value (the van Herk (1992) construction).
// Blocks know nothing of each other, so that a GPU's threads can share a series.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cuda/hmm/real.hpp"

namespace regent::cuda::sweep {

// An aggregate is some doubles.
template <class A>
constexpr int doubles_in() {
  constexpr std::size_t each = sizeof(double);
  return static_cast<int>(sizeof(A) / each);
}

// Room for the aggregates of one block. On a GPU the blocks' rooms lie `apart` doubles side by side, so that
// threads that write their i-th aggregates together write into the same lines.
template <class Apart>
struct Room {
  double* first;
  Apart apart;
  template <class A>
  REGENT_BODY void put(std::int64_t i, const A& aggregate) const {
    constexpr int count = doubles_in<A>();
    double values[count];
    memcpy(values, &aggregate, sizeof aggregate);
    for (int k = 0; k < count; ++k) first[(i * count + k) * apart] = values[k];
  }
  template <class A>
  REGENT_BODY A get(std::int64_t i) const {
    constexpr int count = doubles_in<A>();
    double values[count];
    for (int k = 0; k < count; ++k) values[k] = first[(i * count + k) * apart];
    A aggregate;
    memcpy(&aggregate, values, sizeof aggregate);
    return aggregate;
  }
};

struct Adjacent {  // known to the compiler
  REGENT_BODY operator std::int64_t() const { return 1; }
};

// Calls out(t, aggregate of values t − window + 1 … t) for the t ≥ window − 1 of the block [block, block +
// window) of [0, count). `one(t)` makes an aggregate of one value, `join(earlier, later)` one of two.
// `suffix`: room for `window` aggregates. REQUIRES window ≥ 1, block a multiple of it.
template <class Apart, class One, class Join, class Out>
REGENT_BODY void slide_block(std::int64_t count, std::int64_t window, std::int64_t block,
                             const Room<Apart>& suffix, const One& one, const Join& join, const Out& out) {
  using A = decltype(one(block));
  if (block >= count) return;
  if (block > 0) {  // of the block before: [i] from its i-th value to its end
    A rest = one(block - 1);
    suffix.put(window - 1, rest);
    for (std::int64_t i = window - 1; i-- > 0;) {
      rest = join(one(block - window + i), rest);
      suffix.put(i, rest);
    }
  }
  const std::int64_t end = block + window < count ? block + window : count;
  A prefix = one(block);
  for (std::int64_t t = block; t < end; ++t) {
    if (t > block) prefix = join(prefix, one(t));
    const std::int64_t in_block = t - block + 1;
    if (in_block == window) {
      out(t, prefix);
    } else if (block > 0) {
      out(t, join(suffix.template get<A>(in_block), prefix));
    }
  }
}

}  // namespace regent::cuda::sweep
