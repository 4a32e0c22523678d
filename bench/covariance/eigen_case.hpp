#pragma once
// Batched symmetric eigenproblems, ours and Eigen's.

#include <string>
#include <vector>

namespace regent::bench {

struct EigenCase {
  int size = 32, count = 1000;
  bool in_double = false;
  bool warm = false;  // EWMA covariances, one row further each round
  bool gpu = false;   // our kernels beside cuSOLVER's XsyevBatched
};

// {"ours": [seconds…], "eigen": [seconds…], "residual": …, "difference": …}; warm: also "cold": [seconds…],
// our own from the start, and "restarts"; gpu: "cusolver" in the place of "eigen"
std::string run_eigen(const EigenCase& which, int rounds);

// Eigen's solver over every matrix, on all threads of oneTBB; values ascending [count, size], vectors as
// rows.
template <class T>
void solve_with_eigen(const std::vector<T>& matrices, int size, int count, std::vector<T>& values,
                      std::vector<T>& vectors);

}  // namespace regent::bench
