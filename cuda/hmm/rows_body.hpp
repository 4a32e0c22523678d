#pragma once
// The tables that a group of lanes reads and writes: parameters, series, scratch rows.

#include "cuda/hmm/layout.hpp"
#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

// A table of one group of lanes in a block; the distance between rows is a constant, so that it costs no
// registers.
template <class R>
struct Rows {
  const ScalarOf<R>* base;
  REGENT_BODY R operator()(std::ptrdiff_t row) const { return Lanes<R>::load(base + row * lane_block); }
};

// Rows of scratch memory lie next to each other on the CPU, where a group has its own, and a warp apart on
// the GPU.
template <class R>
inline constexpr std::ptrdiff_t workspace_stride = Lanes<R>::width == 1 ? lane_block : Lanes<R>::width;

// A table that is written too.
template <class R, std::ptrdiff_t stride = workspace_stride<R>>
struct Table {
  ScalarOf<R>* base;
  REGENT_BODY R load(std::ptrdiff_t row) const { return Lanes<R>::load(base + row * stride); }
  REGENT_BODY void store(std::ptrdiff_t row, R value) const { Lanes<R>::store(base + row * stride, value); }
  REGENT_BODY Table from(std::ptrdiff_t row) const { return {base + row * stride}; }
};

// Asks for rows that will be read soon: the lanes of a GPU's warp for a line each.
template <class T>
REGENT_BODY void fetch_ahead([[maybe_unused]] const T* lane, [[maybe_unused]] int rows) {
#ifdef __CUDA_ARCH__
  constexpr int line = 128 / static_cast<int>(sizeof(T)), lines = lane_block / line;
  const int own = static_cast<int>(threadIdx.x) % lane_block;
  const T* const first = lane - own;
  for (int at = own; at < rows * lines; at += lane_block)
    asm volatile("prefetch.L2 [%0];" ::"l"(first + at * line));
#endif
}

// K values for every bar of a block, bars `per_bar` rows apart.
template <class R>
struct BlockRows {
  Table<R> rows;
  int per_bar;
  REGENT_BODY R load(std::int64_t bar, int k) const { return rows.load(bar * per_bar + k); }
  REGENT_BODY void store(std::int64_t bar, int k, R value) const { rows.store(bar * per_bar + k, value); }
  REGENT_BODY BlockRows from(std::int64_t bar) const { return {rows.from(bar * per_bar), per_bar}; }
  // The same where the compiler knows how many: places of several such tables are then one apart.
  REGENT_BODY BlockRows of(int known) const { return {rows, known}; }
};

// The features of each bar.
template <class R, bool shared>
struct Series {
  const ScalarOf<R>* base;
  std::int64_t steps = 0;  // none of the bars from here on is fetched ahead
  template <class S>
  REGENT_BODY void load(const S& s, std::int64_t t, R* x) const {
    for (int d = 0; d < s.dimension; ++d) x[d] = value(s, t, d);
  }
  template <class S>
  REGENT_BODY R value(const S& s, std::int64_t t, int d) const {
    const std::int64_t row = t * s.dimension + d;
    return shared ? Lanes<R>::all(base[row]) : Lanes<R>::load(base + row * lane_block);
  }
  template <class S>
  REGENT_BODY Series from(const S& s, std::int64_t t) const {
    return {base + t * s.dimension * (shared ? 1 : lane_block)};
  }
  // Asks a CPU's cache for n bars from `first` on: a processor sees lines coming only within a page, which
  // holds few bars of a block of lanes.
  template <int n, class S>
  REGENT_BODY void fetch_bars([[maybe_unused]] const S& s, [[maybe_unused]] std::int64_t first) const {
#ifndef __CUDACC__
    if (shared || first + n > steps) return;
    for (int row = 0; row < n * s.dimension; ++row)
      __builtin_prefetch(base + (first * s.dimension + row) * lane_block);
#endif
  }
  // On the CPU an instruction reads a feature as it uses it; without this the compiler keeps features in
  // registers and the sums, of which there are more, in memory.
  REGENT_BODY void read_again() {
#ifndef __CUDACC__
    if constexpr (!shared) asm("" : "+r"(base));
#endif
  }
};

// What a pass knows of every bar before the chain through time.
template <class R>
struct BarDensities {
  BlockRows<R> densities;  // [K], relative to e^shift
  Table<R> shifts;
  REGENT_BODY BarDensities from(std::int64_t bar) const { return {densities.from(bar), shifts.from(bar)}; }
};

}  // namespace regent::cuda::hmm
