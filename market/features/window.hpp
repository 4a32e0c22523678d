#pragma once
// Sums over the last bars of a block, oldest bar first, lane by lane. Missing values are left out and
// counted; a window with fewer than half of its values has no statistic (NaN).

#include <cmath>
#include <limits>

#include "base/nan_value.hpp"
#include "market/features/history.hpp"

namespace regent::market {

// Marks a body that loops over lanes: compiled for AVX-512, AVX2 and plain x86-64, the machine chooses when
// the program starts. Every lane is summed in the same order in each, so all give the same bits. The helpers
// below are inlined into the bodies to be compiled with them. Sanitizers cannot run code that early.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define REGENT_LANES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define REGENT_LANES
#endif
#define REGENT_LANES_HELPER __attribute__((always_inline)) inline

// Values that a window of `bars` must hold.
inline double values_needed(std::size_t bars) {
  const std::size_t half = (bars + 1) / 2;
  return static_cast<double>(half);
}

// A spread this small beside the values themselves is rounding: the values are constant.
REGENT_LANES_HELPER bool is_negligible(double spread, double size) {
  return spread <= 1e-10 * size;
}

struct Moments {
  Lanes count, mean, size;  // size: root mean square
};

// Over the rows of ages [0, bars).
REGENT_LANES_HELPER Moments window_moments(const Block& block, Series series, std::size_t bars) {
  Moments m{};
  Lanes squares{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* x = block.row(series, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = x[i] == x[i];
      const double value = known ? x[i] : 0.0;
      m.count[i] += known ? 1.0 : 0.0;
      m.mean[i] += value;
      squares[i] += value * value;
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    m.mean[i] = m.count[i] >= needed ? m.mean[i] / m.count[i] : nan_value;
    m.size[i] = m.count[i] >= needed ? std::sqrt(squares[i] / m.count[i]) : nan_value;
  }
  return m;
}

// Population standard deviation around m.mean, in a second pass so that nothing cancels; 0 for constant
// values.
REGENT_LANES_HELPER Lanes window_deviation(const Block& block, Series series, std::size_t bars,
                                           const Moments& m) {
  Lanes sum{};
  for (std::size_t age = bars; age-- > 0;) {
    const double* x = block.row(series, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const double d = x[i] - m.mean[i];
      sum[i] += x[i] == x[i] ? d * d : 0.0;
    }
  }
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const double deviation = std::sqrt(sum[i] / m.count[i]);
    sum[i] = m.mean[i] != m.mean[i] ? nan_value : is_negligible(deviation, m.size[i]) ? 0.0 : deviation;
  }
  return sum;
}

struct Extremes {
  Lanes count, lowest, highest;  // NaN where too few values are known
};

REGENT_LANES_HELPER Extremes window_extremes(const Block& block, Series low, Series high, std::size_t bars) {
  Extremes e{};
  e.lowest.fill(std::numeric_limits<double>::infinity());
  e.highest.fill(-std::numeric_limits<double>::infinity());
  for (std::size_t age = bars; age-- > 0;) {
    const double* l = block.row(low, age);
    const double* h = block.row(high, age);
    for (std::size_t i = 0; i < block.lanes; ++i) {
      const bool known = l[i] == l[i] && h[i] == h[i];
      e.count[i] += known ? 1.0 : 0.0;
      e.lowest[i] = known && l[i] < e.lowest[i] ? l[i] : e.lowest[i];
      e.highest[i] = known && h[i] > e.highest[i] ? h[i] : e.highest[i];
    }
  }
  const double needed = values_needed(bars);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    if (e.count[i] >= needed) continue;
    e.lowest[i] = e.highest[i] = nan_value;
  }
  return e;
}

}  // namespace regent::market
