#pragma once
// A sweep as the launchers see it: plain pointers. Internal to cuda/trading.

#include <cstdint>

#include "cuda/runtime/resources.hpp"
#include "cuda/trading/sweep.hpp"

namespace regent::cuda::sweep {

inline constexpr std::int64_t table_block = 16;  // Table::block
inline constexpr int stretch_bars_max = 128;
// Bars of the indicator table that stay in the L2 cache while the lanes of a chunk pass over them.
inline constexpr int tile_bars_max = 256;
inline constexpr int tile_bars_gpu = 32;  // in the bits of a word

// Prices of all bars in the marks' precision, c / c_0, [bars].
template <class T>
struct Marks {
  const T *close, *change, *growth, *growth_square, *loss_square, *low, *high;
};

// Sums of a bar's growth (close to close), its square and the square of a loss.
struct Growth {
  double sum = 0, square_sum = 0, downside_sum = 0;
};

// Between which prices bars lie, in the marks' precision.
struct PriceRange {
  float close_min, close_max, low_min, high_max;
};

// Bars of one bucket that are marked in one go, and what a position meets in them.
struct Stretch {
  std::int32_t first, end, bucket;
  PriceRange range;
  Growth growth;
};
// Bars whose wishes are found in one go, and their stretches.
struct TileSpan {
  std::int32_t first, end, first_stretch, end_stretch;
};

// Which columns the lanes of a task have.
struct Shape {
  bool stay = false, gate = false, side = false, votes = false;
  bool levels = false;  // stops, targets, or shorts, which can be ruined
  bool all_in = false;
  bool shorts = false;
};

struct Job {
  const double *open = nullptr, *high = nullptr, *low = nullptr, *close = nullptr;  // [bars]
  std::int64_t bars = 0;
  double per_first_close = 0, per_start_cash = 0, first_close_per_start_cash = 0;
  const float* table = nullptr;  // Table::values
  const Lane* lanes = nullptr;   // all of the task's
  std::int32_t buckets = 0;
  const std::uint8_t* allowed = nullptr;   // or none
  const double* slippage_rates = nullptr;  // [bars], or none: the rules'
  const Growth* growth = nullptr;          // [bars], from the stretch's first bar to each
  const Stretch* stretches = nullptr;
  const TileSpan* tiles = nullptr;
  std::int32_t tile_count = 0;
  TradingRules rules;
  Shape shape;
  Outcome* outcomes = nullptr;  // [lanes]
  BucketSums* sums = nullptr;   // [lanes, buckets]
};

// The lanes [first, first + count) of a job; `memory` has chunk_bytes(count, buckets), aligned to 64.
struct LaneKernels {
  int width;
  std::size_t (*chunk_bytes)(int count, int buckets);
  void (*run)(const Job& job, const Marks<float>& marks, int first, int count, std::byte* memory);
};

namespace baseline {
const LaneKernels& sweep_kernels();
}
namespace avx2 {
const LaneKernels& sweep_kernels();
}
namespace avx512 {
const LaneKernels& sweep_kernels();
}

void run_cpu(const Resources& resources, const Job& job, const Marks<float>& marks, int lanes);
// sweep_gpu.cu, or a stub
Results run_gpu(const Resources& resources, const Task& task, const Listener& listener);

}  // namespace regent::cuda::sweep
