#pragma once
// Aggregates of the last `window` values, each made of fresh partial aggregates of two blocks: a value that
// has left the window leaves no trace, and no error adds up. O(1) a value (the van Herk (1992) construction).

#include <cstddef>
#include <span>
#include <vector>

namespace regent::strategies {

// Calls out(t, aggregate of values[t − window + 1 … t]) for t ≥ window − 1. `one` makes an aggregate of one
// value, `join(earlier, later)` one of two. REQUIRES window ≥ 1.
template <class A, class One, class Join, class Out>
void slide(std::span<const double> values, std::size_t window, const One& one, const Join& join,
           const Out& out) {
  std::vector<A> suffix(window);  // of the block before: [i] from its i-th value to its end
  for (std::size_t block = 0; block < values.size(); block += window) {
    A prefix{};
    const std::size_t end = block + window < values.size() ? block + window : values.size();
    for (std::size_t t = block; t < end; ++t) {
      prefix = t == block ? one(values[t]) : join(prefix, one(values[t]));
      const std::size_t in_block = t - block + 1;
      if (in_block == window) {
        out(t, prefix);
      } else if (block > 0) {
        out(t, join(suffix[in_block], prefix));
      }
    }
    if (end - block < window) return;
    suffix[window - 1] = one(values[end - 1]);
    for (std::size_t i = window - 1; i-- > 0;) suffix[i] = join(one(values[block + i]), suffix[i + 1]);
  }
}

}  // namespace regent::strategies
