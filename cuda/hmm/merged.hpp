#pragma once
// When two laws of one bar, or two β, count as the same: then what was before no longer matters.

#include <cstddef>

#include "cuda/hmm/real.hpp"

namespace regent::cuda::hmm {

// Of entries, relative to each.
template <class T>
inline constexpr double merged = sizeof(T) == 4 ? 5e-6 : 1e-12;
// Entries below are as good as zero: the format's smallest numbers are not far.
template <class T>
inline constexpr double negligible = sizeof(T) == 4 ? 1e-30 : 1e-280;

// Whether two laws, or two b·β, [K] are the same up to a factor; values of a lane are `stride` apart.
template <std::ptrdiff_t stride, class T>
REGENT_BODY bool seam_agrees(const T* given, const T* reached, int states) {
  double before = 0, after = 0;
  for (int k = 0; k < states; ++k) {
    before += static_cast<double>(given[k * stride]);
    after += static_cast<double>(reached[k * stride]);
  }
  if (!(after - after == 0)) return true;  // not finite: the lane is lost, and says so by its likelihood
  if (!(before > 0) || !(after > 0)) return before == after;
  for (int k = 0; k < states; ++k) {
    const double a = static_cast<double>(given[k * stride]) / before;
    const double b = static_cast<double>(reached[k * stride]) / after;
    const double apart = a < b ? b - a : a - b;
    if (!(apart <= merged<T> * (a < b ? a : b) + negligible<T>)) return false;
  }
  return true;
}

}  // namespace regent::cuda::hmm
