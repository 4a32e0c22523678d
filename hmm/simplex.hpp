#pragma once
// Rows of probabilities in the M-step.

#include <cmath>

namespace regent::hmm {

// Posterior mode of one row of probabilities under Dirichlet(concentration), concentration >= 1. `skip`: an
// entry that is zero by design. A row without any count or prior stays.
inline void maximise_row(double* row, const double* counts, int size, double concentration, int skip = -1) {
  double total = 0;
  for (int i = 0; i < size; ++i) total += i == skip ? 0 : counts[i] + concentration - 1;
  if (!(total > 0)) return;
  for (int i = 0; i < size; ++i) row[i] = i == skip ? 0 : (counts[i] + concentration - 1) / total;
}

// Log density of that prior, up to a constant.
inline double log_dirichlet(const double* row, int size, double concentration, int skip = -1) {
  double sum = 0;
  if (concentration == 1) return 0;
  for (int i = 0; i < size; ++i) sum += i == skip ? 0 : (concentration - 1) * std::log(row[i]);
  return sum;
}

}  // namespace regent::hmm
