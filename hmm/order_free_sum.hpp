#pragma once
// A sum over series to the same bit in whatever order a file names them.

#include <algorithm>
#include <compare>
#include <numeric>
#include <vector>

namespace regent::hmm {

inline double order_free_sum(std::vector<double> values) {
  std::ranges::sort(values, [](double a, double b) { return std::strong_order(a, b) < 0; });
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace regent::hmm
