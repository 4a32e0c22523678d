#pragma once
// Batched symmetric eigenproblems, ours and Eigen's.

#include <string>
#include <vector>

namespace regent::bench {

struct EigenCase {
  int size = 32, count = 1000;
  bool in_double = false;
};

// {"ours": [seconds…], "eigen": [seconds…], "ours_one": […], "residual": …, "difference": …}
std::string run_eigen(const EigenCase& which, int rounds);

// Eigen's solver over every matrix, on all threads of oneTBB; values ascending [count, size], vectors as
// rows.
template <class T>
void solve_with_eigen(const std::vector<T>& matrices, int size, int count, std::vector<T>& values,
                      std::vector<T>& vectors);

}  // namespace regent::bench
