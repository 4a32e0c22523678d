#pragma once
// Rows of probabilities in the M-step.

#include <cmath>
#include <cstdint>

namespace regent::hmm {

// Posterior mode of one row of probabilities under Dirichlet(concentration), concentration >= 1. allowed:
// [size], 0 for an entry that is zero by design; nullptr: all may be above zero. A row without any count or
// prior stays.
inline void maximise_row(double* row, const double* counts, int size, double concentration,
                         const std::uint8_t* allowed = nullptr) {
  const auto zero = [allowed](int i) { return allowed != nullptr && allowed[i] == 0; };
  double total = 0;
  for (int i = 0; i < size; ++i) total += zero(i) ? 0 : counts[i] + concentration - 1;
  if (!(total > 0)) return;
  for (int i = 0; i < size; ++i) row[i] = zero(i) ? 0 : (counts[i] + concentration - 1) / total;
}

// Log density of that prior, up to a constant.
inline double log_dirichlet(const double* row, int size, double concentration,
                            const std::uint8_t* allowed = nullptr) {
  double sum = 0;
  if (concentration == 1) return 0;
  for (int i = 0; i < size; ++i) {
    if (allowed == nullptr || allowed[i] != 0) sum += (concentration - 1) * std::log(row[i]);
  }
  return sum;
}

}  // namespace regent::hmm
